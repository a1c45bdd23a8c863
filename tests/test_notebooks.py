"""The committed notebooks: what the builder makes, clean, and with checks that tell right from wrong."""

import base64
import io
import json
import os
import pathlib
import re

import pytest
from PIL import Image

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient", reason="nbclient comes with cafe_edu[author]")
pytest.importorskip("jupytext", reason="jupytext comes with cafe_edu[author]")

from cafe_edu.course import build  # noqa: E402
from cafe_edu.course.days import find  # noqa: E402

ROOT = pathlib.Path(__file__).parents[1]
PAGES = build.pages(ROOT)
DAYS = [page.name.split("/")[1] for page in PAGES if page.name.startswith("solutions/")]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def stored(name):
    return nbformat.read(ROOT / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


@every_page
def test_committed_is_what_the_builder_makes(page):
    text = (ROOT / f"{page.name}.ipynb").read_text(encoding="utf-8")
    notebook = stored(page.name)
    assert build.text_of(notebook) == text  # written as the builder writes
    assert build.text_of(build.without_outputs(notebook)) == build.text_of(build.make(page)), (
        "stale: run `make notebooks`"
    )


@pytest.mark.slow
@every_page
def test_built_anew_it_is_the_same_byte_for_byte(page):
    notebook = build.make(page)
    made = notebook if page.is_blank else build.run(notebook, page, ROOT)
    assert build.text_of(made) == (ROOT / f"{page.name}.ipynb").read_text(encoding="utf-8")


def test_there_is_no_notebook_without_a_source():
    found = {f"{path.parent.name}/{path.stem}" for folder in ("lessons", "exercises", "solutions")
             for path in (ROOT / folder).glob("*.ipynb")}  # fmt: skip
    assert found == {page.name for page in PAGES}


@every_page
def test_a_notebook_is_clean(page):
    notebook = stored(page.name)
    nbformat.validate(notebook)
    assert notebook.metadata == build.KERNEL
    text = json.dumps(notebook)
    assert not re.search(r"/(home|tmp|root|Users)/|[A-Z]:\\\\", text)
    assert len(text) < 400_000
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "nbgrader"}
        if cell.cell_type != "code":
            continue
        assert len(cell.source.split("\n")) <= 30, f"longer than a screen: {cell.source}"
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source
        if page.is_blank:
            assert cell.outputs == []
            assert cell.execution_count is None


@every_page
def test_pictures_do_not_say_what_drew_them(page):
    for cell in stored(page.name).cells:
        for output in cell.get("outputs", ()):
            picture = output.get("data", {}).get("image/png")
            if picture:
                assert "Software" not in Image.open(io.BytesIO(base64.b64decode(picture))).info


@every_page
def test_every_link_leads_somewhere(page):
    """Every link to another notebook or file of the repository leads somewhere."""
    folder = (ROOT / page.name).parent
    for cell in stored(page.name).cells:
        if cell.cell_type == "markdown":
            links = re.findall(r"\]\(([^)]+)\)|^\[\w+\]: (\S+)", cell.source, flags=re.M)
            for link in (a or b for a, b in links):
                assert link.startswith("http") or (folder / link).exists(), link


@pytest.mark.parametrize("day", DAYS)
def test_exercises_are_the_solutions_minus_the_answers(day):
    solutions, exercises = stored(f"solutions/{day}"), stored(f"exercises/{day}")
    assert len(solutions.cells) == len(exercises.cells)
    for full, blank in zip(solutions.cells, exercises.cells, strict=True):
        assert (full.id, full.cell_type, full.metadata) == (blank.id, blank.cell_type, blank.metadata)
        if full.metadata.get("nbgrader", {}).get("solution"):
            assert "### BEGIN SOLUTION" in full.source
            assert "raise NotImplementedError()" in blank.source
            assert "SOLUTION" not in blank.source
        else:
            assert full.source == blank.source


def run(name, folder):
    """Run a notebook as a reader's `Run All`, going on after errors; return it."""
    notebook = stored(name)
    environment = os.environ | {"CAFE_EDU_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    environment.pop("CAFE_EDU_DATA", None)
    client = nbclient.NotebookClient(
        notebook,
        timeout=build.SECONDS_PER_CELL,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env=environment)
    return notebook


def verdicts(notebook):
    """What each check said: {number: text}."""
    said = {}
    for cell in notebook.cells:
        if cell.id.startswith("check-"):
            [output] = cell.outputs
            said[cell.id.removeprefix("check-").replace("-", ".")] = output["data"]["text/plain"]
    return said


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
def test_the_solutions_pass_every_check(day, tmp_path):
    notebook = run(f"solutions/{day}", tmp_path)
    said = verdicts(notebook)
    assert len(said) >= 5
    for number, text in said.items():
        assert text.startswith(f"{number} passed"), text
    for cell in notebook.cells:
        assert not [output for output in cell.get("outputs", ()) if output.output_type == "error"]
    progress = json.loads((tmp_path / "progress.json").read_text())["exercises"]
    assert all(progress[number]["passed"] for number in said)


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
def test_the_blank_exercises_fail_every_check_and_break_nowhere_else(day, tmp_path):
    notebook = run(f"exercises/{day}", tmp_path)
    for number, text in verdicts(notebook).items():
        assert text.startswith(f"{number} not yet"), text
        assert f"define `{find(number).name}` first" in text or "is still blank" in text
    for cell in notebook.cells:
        errors = [output for output in cell.get("outputs", ()) if output.output_type == "error"]
        if errors:
            assert cell.metadata["nbgrader"]["solution"], cell.source
            assert errors[0].ename == "NotImplementedError"
