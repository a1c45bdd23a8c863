"""The builder: from a small source to notebooks, and what it refuses."""

import base64
import io
import json

import pytest
from PIL import Image

jupytext = pytest.importorskip("jupytext", reason="jupytext comes with cafe_edu[author]")

from cafe_edu.course import build  # noqa: E402

LESSON = """\
# %% [markdown]
# # A title

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(1, 1))
plt.plot([1, 2])
plt.show()
print("drawn")
"""

EXERCISES = """\
# %% [markdown]
# Count.

# %% answer="06.1"
### BEGIN SOLUTION
parameters = 3
### END SOLUTION

# %% check="06.1"
print("checked")
"""

WIDGET = """\
import ipywidgets

box = ipywidgets.Output()
with box:
    raise ValueError("inside")
"""


@pytest.fixture
def root(tmp_path):
    day = tmp_path / "lessons" / "source" / "day06_test"
    day.mkdir(parents=True)
    (tmp_path / "lessons" / "source" / "00_start.py").write_text("# %% [markdown]\n# Hello.\n")
    (day / "lesson.py").write_text(LESSON)
    (day / "exercises.py").write_text(EXERCISES)
    return tmp_path


def one_cell(root, code):
    """Make the lesson one cell of code."""
    (root / "lessons" / "source" / "day06_test" / "lesson.py").write_text(f"# %%\n{code}\n")


def message(root, capsys):
    """What `build lessons/day06` says when it fails."""
    assert build.main(["lessons/day06", "--root", str(root)]) == 1
    return capsys.readouterr().err


@pytest.mark.slow
def test_what_is_made(root, capsys):
    assert build.main(["--root", str(root)]) == 0
    assert capsys.readouterr().out.split("\n")[:4] == [
        "built lessons/00_start.ipynb",
        "built lessons/day06_test.ipynb",
        "built solutions/day06_test.ipynb",
        "built exercises/day06_test.ipynb",
    ]
    lesson = json.loads((root / "lessons" / "day06_test.ipynb").read_text())
    assert lesson["metadata"] == build.KERNEL
    assert [cell["id"] for cell in lesson["cells"]] == ["cell-001", "cell-002"]
    picture, text = lesson["cells"][1]["outputs"]
    assert picture["data"]["image/png"].startswith("iVBOR")
    assert text["text"] == ["drawn\n"]
    assert "execution" not in lesson["cells"][1]["metadata"]


@pytest.mark.slow
def test_the_same_bytes_again(root):
    names = ["lessons/day06_test", "solutions/day06_test", "exercises/day06_test"]
    made = []
    for _ in range(2):
        assert build.main(["--root", str(root), "--all"]) == 0
        made.append([(root / f"{name}.ipynb").read_bytes() for name in names])
    assert made[0] == made[1]


@pytest.mark.slow
def test_only_what_changed_is_built(root, capsys):
    build.main(["--root", str(root)])
    capsys.readouterr()
    assert build.main(["--root", str(root)]) == 0
    assert capsys.readouterr().out == ""
    one_cell(root, "1 + 1")
    assert build.main(["--root", str(root), "--check"]) == 1
    assert capsys.readouterr().out == ("stale: lessons/day06_test.ipynb (from lessons/source/day06_test/lesson.py)\n")
    assert build.main(["--root", str(root)]) == 0
    assert capsys.readouterr().out == "built lessons/day06_test.ipynb\n"


def test_exercises_are_solutions_without_answers(root):
    solution, exercise = [build.make(page) for page in build.pages(root)[-2:]]
    assert solution.cells[1].source == "### BEGIN SOLUTION\nparameters = 3\n### END SOLUTION"
    assert exercise.cells[1].source == "# YOUR CODE HERE\nraise NotImplementedError()"
    assert [cell.id for cell in exercise.cells] == ["cell-001", "answer-06-1", "check-06-1"]
    assert exercise.cells[1].metadata["nbgrader"] == {
        "grade": False,
        "grade_id": "answer-06-1",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    assert exercise.cells[2].metadata["nbgrader"] == {
        "grade": True,
        "grade_id": "check-06-1",
        "locked": True,
        "points": 2,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    assert solution.cells[2].metadata == exercise.cells[2].metadata


@pytest.mark.parametrize(
    "source", ["x = 1", "### BEGIN SOLUTION\nx = 1", "x = 1\n### END SOLUTION"], ids=["none", "begin", "end"]
)
def test_an_answer_needs_both_markers(source):
    with pytest.raises(build.BuildError, match="expected ### BEGIN SOLUTION and ### END SOLUTION in an answer"):
        build.without_answer(source, build.BLANK_CODE)


def test_code_around_an_answer_is_kept():
    source = "a\n    ### BEGIN SOLUTION\n    b\n    ### END SOLUTION\nc"
    assert build.without_answer(source, ["?"]) == "a\n    ?\nc"


@pytest.mark.slow
def test_what_comes_in_pieces_is_stored_whole(root):
    """A kernel sends what is printed when it is flushed, or when it has time."""
    one_cell(root, "for i in range(3):\n    print(i, flush=True)")
    assert build.main(["lessons/day06", "--root", str(root)]) == 0
    [cell] = json.loads((root / "lessons" / "day06_test.ipynb").read_text())["cells"]
    [output] = cell["outputs"]
    assert "".join(output["text"]) == "0\n1\n2\n"


@pytest.mark.slow
def test_a_live_widget_is_not_stored_and_its_twin_is(root):
    """A widget has another name at every run, and shows nothing without a kernel."""
    one_cell(root, "import ipywidgets\n\nslider = ipywidgets.IntSlider()\nslider\n\n# %%\nslider.value")
    assert build.main(["lessons/day06", "--root", str(root)]) == 0
    live, twin = json.loads((root / "lessons" / "day06_test.ipynb").read_text())["cells"]
    assert live["outputs"] == []
    assert twin["outputs"][0]["data"]["text/plain"] == ["0"]


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "mode"), [(255, "RGB"), (128, "RGBA")])
def test_an_alpha_channel_is_stored_only_where_one_can_see_through(root, alpha, mode):
    one_cell(root, f"from PIL import Image\n\nImage.new('RGBA', (2, 2), (1, 2, 3, {alpha}))")
    assert build.main(["lessons/day06", "--root", str(root)]) == 0
    [cell] = json.loads((root / "lessons" / "day06_test.ipynb").read_text())["cells"]
    picture = Image.open(io.BytesIO(base64.b64decode("".join(cell["outputs"][0]["data"]["image/png"]))))
    assert picture.mode == mode
    assert picture.getpixel((0, 0))[:3] == (1, 2, 3)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "raise KeyError('lost')",
            "lessons/day06_test.ipynb, cell 1 (raise KeyError('lost')): KeyError: 'lost'",
        ),
        ("import sys\nprint('careful', file=sys.stderr)", "cell 1 wrote to stderr: careful"),
        ("import warnings\nwarnings.warn('old', stacklevel=1)", "cell 1 wrote to stderr: "),
        ("import pathlib\npathlib.Path.cwd()", "cell 1 shows a folder of this machine: "),
        (WIDGET, "lessons/day06_test.ipynb, in a widget: ValueError: inside"),
        ("import pathlib\nprint(pathlib.Path.home())", "cell 1 shows a folder of this machine: "),
    ],
)
def test_a_cell_that_no_reader_should_see(root, capsys, code, words):
    one_cell(root, code)
    said = message(root, capsys)
    assert said.startswith("error: ")
    assert words in said
    assert said.count("\n") == 1
    assert not (root / "lessons" / "day06_test.ipynb").exists()


def test_an_unknown_word_in_a_header(root, capsys):
    (root / "lessons" / "source" / "day06_test" / "lesson.py").write_text('# %% anwser="06.1"\n1\n')
    said = message(root, capsys)
    assert "lesson.py, cell 1: expected answer, check, tags or lang in the header, found {'anwser'}" in said


def test_an_exercise_that_is_not_there(root, capsys):
    (root / "lessons" / "source" / "day06_test" / "lesson.py").write_text('# %% check="06.9"\n1\n')
    assert "no exercise '06.9'" in message(root, capsys)


def test_two_cells_of_one_name(root, capsys):
    cell = '# %% check="06.1"\n1\n'
    (root / "lessons" / "source" / "day06_test" / "lesson.py").write_text(cell + cell)
    assert "lesson.py: two cells are called 'check-06-1'; name each once" in message(root, capsys)


def test_a_place_without_sources(tmp_path, capsys):
    with pytest.raises(SystemExit) as status:
        build.main(["--root", str(tmp_path)])
    assert status.value.code == 2
    assert "no lessons/source in" in capsys.readouterr().err


TWO_TONGUES = """\
# %% [markdown]
# # Title
# See [the net](../cafe_edu/net.py) and [the exercises](../exercises/day06_test.ipynb).

# %% [markdown] lang="zh"
# # 标题
# 见[网络](../cafe_edu/net.py)和[练习](../exercises/day06_test.ipynb)。

# %%
1 + 1

# %% [markdown]
# Only English.
"""


def made(root, text, language):
    (root / "lessons" / "source" / "day06_test" / "lesson.py").write_text(text, encoding="utf-8")
    [page] = [page for page in build.pages(root, language) if page.name.endswith("lessons/day06_test")]
    return build.make(page)


def test_an_edition_in_another_language(root):
    english, chinese = (made(root, TWO_TONGUES, language) for language in ("en", "zh"))
    for edition in (english, chinese):
        assert [cell.id for cell in edition.cells] == ["cell-001", "cell-002", "cell-003"]
    assert english.cells[0].source.startswith("# Title\nSee [the net](../cafe_edu/net.py)")
    assert chinese.cells[0].source == (
        "# 标题\n见[网络](../../cafe_edu/net.py)和[练习](../exercises/day06_test.ipynb)。"
    )
    assert english.cells[1:] == chinese.cells[1:]
    without = TWO_TONGUES.replace('lang="zh"', 'lang="fr"')
    assert build.text_of(made(root, without, "en")) == build.text_of(english)  # other languages change nothing


@pytest.mark.parametrize(
    "source",
    ['# %% lang="zh"\n1\n', '# %% [markdown] lang="zh"\n# 标题\n', '# %%\n1\n\n# %% [markdown] lang="zh"\n# 标题\n'],
    ids=["code", "nothing before", "code before"],
)
def test_a_language_stands_behind_what_it_speaks_for(root, source):
    with pytest.raises(build.BuildError, match=r"lesson\.py: expected lang='zh' alone, on a markdown cell behind"):
        made(root, source, "en")


@pytest.mark.slow
def test_the_edition_lies_in_a_folder_of_its_own(root, capsys):
    (root / "lessons" / "source" / "day06_test" / "lesson.py").write_text(TWO_TONGUES, encoding="utf-8")
    assert build.main(["--language", "zh", "--root", str(root)]) == 0
    assert capsys.readouterr().out.split("\n")[1] == "built zh/lessons/day06_test.ipynb"
    assert not (root / "lessons" / "day06_test.ipynb").exists()
    exercises = json.loads((root / "zh" / "exercises" / "day06_test.ipynb").read_text(encoding="utf-8"))
    assert exercises["cells"][1]["source"] == ["# YOUR CODE HERE\n", "raise NotImplementedError()"]
    assert build.main(["--language", "zh", "--check", "--root", str(root)]) == 0
