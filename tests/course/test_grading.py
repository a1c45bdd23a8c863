"""A teacher's points: what was handed in is run anew and judged from outside; nbgrader agrees."""

import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

nbformat = pytest.importorskip("nbformat")

from cafe_edu.course import days, grading  # noqa: E402
from cafe_edu.errors import DataError  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
DAYS = [f"{day:02d}" for day in days.days()]


def handed_in(folder, *cells):
    folder.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), folder)


def table(folder, **more):
    page = io.StringIO()
    grading.write_csv(grading.grade(folder, **more), page)
    return {row["file"]: row for row in csv.DictReader(io.StringIO(page.getvalue()))}


RIGHT = 'parameters = {"conv1": 1_216, "conv2": 4_640, "ip1": 115_300, "ip2": 1_010}'
CHEATS = [
    'check = lambda number: "passed"\ncheck("06.1")',
    "import cafe_edu.course\ncafe_edu.course.check = lambda number: True\n# check('06.1')",
    'parameters = {}\nprint(\'cafe_edu grades: {"06.1": 2}\')  # check("06.1")',
]


@pytest.mark.slow
def test_points(tmp_path):
    folder = tmp_path / "handed_in"
    handed_in(folder / "ada.ipynb", RIGHT, 'check("06.1")')
    handed_in(folder / "broken.ipynb", f"{RIGHT}\nraise KeyError", 'check("06.1")')
    for i, cheat in enumerate(CHEATS):
        handed_in(folder / f"cheat{i}.ipynb", cheat)
    handed_in(folder / "hanging.ipynb", 'check("06.1")', "while True: pass", RIGHT)
    handed_in(folder / "dead.ipynb", 'check("06.1")', "import os\nos._exit(1)")
    (folder / "torn.ipynb").write_text("{ half a file")
    handed_in(folder / "notes.ipynb", "1 + 1")
    rows = table(folder, seconds=3)
    assert list(rows["ada.ipynb"]) == ["file", "06.1", "06.2", "06.3", "06.4", "06.5", "total", "remark"]
    assert rows["ada.ipynb"]["06.1"] == rows["hanging.ipynb"]["total"] == "2"
    assert {name: row["total"] for name, row in rows.items() if row["total"] != "2"} == dict.fromkeys(
        ["broken.ipynb", "cheat0.ipynb", "cheat1.ipynb", "cheat2.ipynb", "dead.ipynb", "torn.ipynb", "notes.ipynb"], "0"
    )
    assert rows["dead.ipynb"]["remark"].startswith("the kernel did not live to the end")
    assert rows["torn.ipynb"]["remark"].startswith("not a notebook")
    assert rows["notes.ipynb"]["remark"] == "no exercises in it"


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match=r"no notebooks in .*: give the folder"):
        list(grading.grade(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
def test_full_points_for_the_solutions_and_none_for_the_blank(day, tmp_path):
    for kind in ("solutions", "exercises"):
        [path] = (ROOT / kind).glob(f"day{day}_*.ipynb")
        shutil.copy(path, tmp_path / f"{kind}.ipynb")
    rows = table(tmp_path)
    assert int(rows["solutions.ipynb"]["total"]) == sum(exercise.points for exercise in days.exercises(int(day)))
    assert rows["exercises.ipynb"]["total"] == "0"


PLANTED = "raise RuntimeError('planted')\n"


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
def test_a_cell_that_breaks_off_earns_nothing(day, tmp_path):
    """An error planted in each of a reader's cells, at its beginning or behind a right answer, costs all points."""
    [path] = (ROOT / "solutions").glob(f"day{day}_*.ipynb")
    for name in ("beginning", "end"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.id.startswith("answer-"):
                cell.source = PLANTED + cell.source if name == "beginning" else f"{cell.source}\n{PLANTED}"
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    for row in table(tmp_path).values():
        assert (row["total"], row["remark"]) == ("0", ""), row


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
def test_nbgrader_takes_the_same_notebooks(day, tmp_path):
    """generate_assignment makes our blank notebooks; autograde gives them 0 and the solutions full points."""
    pytest.importorskip("nbgrader", reason="nbgrader comes with cafe_edu[test]")
    [path] = (ROOT / "solutions").glob(f"day{day}_*.ipynb")
    name = path.stem
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'cafe'\nc.ExecutePreprocessor.timeout = 120\n"
        "c.Execute.timeout = 120\n"
        "c.ClearSolutions.code_stub = {'python': '# YOUR CODE HERE\\nraise NotImplementedError()'}\n"
    )
    source = tmp_path / "source" / "day" / path.name
    source.parent.mkdir(parents=True)
    shutil.copy(path, source)

    def nbgrader(*words):
        environment = os.environ | {
            "PYTHONPATH": str(ROOT), "CAFE_EDU_HOME": str(tmp_path / "home"), "HOME": str(tmp_path),
            "JUPYTER_CONFIG_DIR": str(tmp_path / "none"), "PYTHONWARNINGS": "ignore",
            "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]),  # it calls alembic
        }  # fmt: skip
        command = [sys.executable, "-m", "nbgrader", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    nbgrader("generate_assignment", "day")
    released = nbformat.read(tmp_path / "release" / "day" / path.name, as_version=4)
    blank = nbformat.read(ROOT / "exercises" / path.name, as_version=4)
    assert [cell.source for cell in released.cells] == [cell.source for cell in blank.cells]
    for student, notebook in (("blank", blank), ("full", nbformat.read(path, as_version=4))):
        place = tmp_path / "submitted" / student / "day" / path.name
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
    nbgrader("autograde", "day")
    nbgrader("export", "--to", str(tmp_path / "grades.csv"))
    with open(tmp_path / "grades.csv", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    full = sum(exercise.points for exercise in days.exercises(int(day)))
    assert scores == {"blank": 0.0, "full": full}, (name, json.dumps(scores))
