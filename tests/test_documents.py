"""What a reader can copy out of the Markdown files works, and their links lead somewhere."""

import doctest
import json
import pathlib
import re
import runpy

import pytest

import benchmarks.layer_times
from cafe_edu import Net
from cafe_edu.parallel.messages import plan

ROOT = pathlib.Path(__file__).parents[1]
FOLDERS = [".", "benchmarks", "cafe_edu", "datasets", "docs", "exercises", "lessons", "solutions", "tests"]
DOCUMENTS = sorted(p.relative_to(ROOT).as_posix() for name in FOLDERS for p in (ROOT / name).glob("*.md"))


def blocks(text, *languages):
    """Yield (line number, text) of each fenced block in one of these languages."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if found[1] in languages:
            yield text.count("\n", 0, found.start(2)), found[2]


@pytest.fixture(params=DOCUMENTS)
def document(request):
    """A Markdown file of the repository."""
    return ROOT / request.param


def test_python_runs(document, tmp_path, monkeypatch):
    # Sessions (>>>) are run as one, in an empty folder; other blocks may train or fetch, and are compiled.
    monkeypatch.chdir(tmp_path)
    parser, runner, names = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), {}
    for line, block in blocks(document.read_text(encoding="utf-8"), "python", "pycon"):
        if ">>>" in block:
            example = parser.get_doctest(block, names, document.name, str(document), line)
            result = runner.run(example, clear_globs=False)
            names = example.globs
            assert result.failed == 0, f"{document.name}, line {line}: see the output"
        else:
            compile(block, str(document), "exec")


def test_make_has_the_tasks_that_are_named(document):
    tasks = runpy.run_path(str(ROOT / "make.py"))["TASKS"]
    text = document.read_text(encoding="utf-8")
    shell = [block for _, block in blocks(text, "bash", "sh", "shell", "console")]
    for code in [*shell, *re.findall(r"`([^`\n]+)`", text)]:
        for task in re.findall(r"^\$? ?(?:make|python3? make\.py) ([a-z-]+)", code, re.MULTILINE):
            assert task in tasks, f"{document.name} says `make {task}`; there are {', '.join(tasks)}"


def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for link in links:
        if not re.match(r"[a-z]+:|#", link):
            target = document.parent / link.split("#")[0]
            assert target.exists(), f"{document.name} links to {link}, which is not there"


@pytest.fixture(scope="module")
def layers_page():
    return runpy.run_path(str(ROOT / "docs" / "layers.py"))


def test_the_table_of_layers_is_what_the_registry_says(layers_page):
    written = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    assert written == layers_page["document"](), "run `make docs`"
    for name in layers_page["house"]():
        assert f"\n| [{name}](" in written


def test_the_counts_of_stored_cases_are_right(layers_page, shared):
    counted = layers_page["count_cases"](shared / "oracle" / "layers")
    assert counted == json.loads((ROOT / "docs" / "oracle_cases.json").read_text()), "run `make docs`"
    assert counted["Pooling"] > 10


def test_every_type_that_reads_blobs_has_a_speed(layers_page):
    speeds = json.loads((ROOT / "benchmarks" / "layer_times.json").read_text())
    types = {*layers_page["house"]()}
    assert types - benchmarks.layer_times.sources() == {*speeds}, "run python -m benchmarks.layer_times"


@pytest.fixture(scope="module")
def scaling_page():
    return runpy.run_path(str(ROOT / "docs" / "scaling.py"))


def test_the_page_on_scaling_is_what_its_script_computes(scaling_page):
    assert (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8") == scaling_page["document"](), "run `make docs`"
    examples = doctest.DocTestFinder().find(scaling_page["step_time"], "step_time", globs=scaling_page)
    examples += doctest.DocTestFinder().find(scaling_page["sum_time"], "sum_time", globs=scaling_page)
    examples += doctest.DocTestFinder().find(scaling_page["messages"], "messages", globs=scaling_page)
    assert [doctest.DocTestRunner().run(example).failed for example in examples] == [0, 0, 0]


def test_the_nets_of_that_page_have_the_counts_of_the_real_ones(scaling_page):
    counts = {name: sum(sum(some) for some, _ in layers) for name, (layers, _) in scaling_page["NETS"].items()}
    lenet = Net(ROOT / "cafe_edu" / "zoo" / "lenet" / "lenet_train_test.prototxt", "TRAIN")
    assert counts["LeNet"] == sum(param.blob.count for param in lenet.learnable)
    assert counts["CaffeNet"] == 60_965_224
    messages = plan(lenet.steps, lenet.learnable)
    computed = scaling_page["messages"](scaling_page["NETS"]["LeNet"][0])
    assert [4 * sum(blob.count for blob in message.blobs) for message in messages] == [size for _, size in computed]
