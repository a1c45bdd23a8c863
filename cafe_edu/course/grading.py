"""For teachers: points for a folder of notebooks, each run in a kernel of its own."""

import csv
import dataclasses
import json
import os
import pathlib
import re
import sys
import tempfile

from cafe_edu.course import days
from cafe_edu.course.checking import judge
from cafe_edu.errors import CafeError, DataError

SECONDS_PER_CELL = 120
MARK = "cafe_edu grades: "


@dataclasses.dataclass
class Graded:
    """What one notebook is worth.

    Attributes
    ----------
    file : str
        Its path, from the folder that was graded.
    points : dict of str -> int
        For each exercise of the days that it holds.
    remark : str
        Why something could not be judged; "" if all could.
    """

    file: str
    points: dict
    remark: str = ""


def grade(folder, seconds=SECONDS_PER_CELL):
    """Yield a `Graded` for each notebook under ``folder``.

    Every cell is run in order, going on after errors; then the exercises are judged from outside. What the checks in a
    notebook say, and whether somebody changed them, plays no part.

    Parameters
    ----------
    folder : str or Path
    seconds : float
        For one cell; one that takes longer is stopped.

    Raises
    ------
    DataError
        If there are no notebooks.
    """
    folder = pathlib.Path(folder)
    found = [path for path in sorted(folder.rglob("*.ipynb")) if not any(part[0] == "." for part in path.parts[1:])]
    if not found:
        raise DataError(f"no notebooks in {folder}: give the folder that holds what was handed in")
    for path in found:
        yield _grade(path, path.relative_to(folder).as_posix(), seconds)


def write_csv(graded, file):
    """Write a line for each notebook: file, points of each exercise, total, remark.

    Parameters
    ----------
    graded : iterable of Graded
    file : text file
    """
    graded = list(graded)
    numbers = sorted({number for one in graded for number in one.points})
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["file", *numbers, "total", "remark"])
    for one in graded:
        points = [one.points.get(number, "") for number in numbers]
        writer.writerow([one.file, *points, sum(one.points.values()), one.remark])


def report(numbers, names):
    """Judge exercises by the names of the notebook that calls; print the points for `grade` to read."""
    points = {}
    for number in numbers:
        exercise = days.find(number)
        points[number] = exercise.points if judge(exercise, names).passed else 0
    sys.stdout.write(f"\n{MARK}{json.dumps(points)}\n")


def _grade(path, name, seconds):
    import nbclient
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # a reader's file may be anything
        return Graded(name, {}, f"not a notebook: {' '.join(str(error).split())[:100]}")
    numbers = _exercises_in(notebook, sources)
    if not numbers:
        return Graded(name, {}, "no exercises in it")
    nothing = dict.fromkeys(numbers, 0)
    first = nbformat.v4.new_code_cell("import cafe_edu.course")
    last = nbformat.v4.new_code_cell(
        f"__import__('importlib').import_module('cafe_edu.course.grading').report({numbers}, globals())"
    )
    notebook.cells = [first, *notebook.cells, last]
    with tempfile.TemporaryDirectory() as home:
        client = nbclient.NotebookClient(
            notebook,
            timeout=seconds,
            interrupt_on_timeout=True,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": home}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        try:
            client.execute(env=os.environ | {"CAFE_EDU_HOME": home, "PYTHONPATH": _path()})
        except Exception as error:  # a kernel that died, whatever it died of
            return Graded(name, nothing, f"the kernel did not live to the end: {type(error).__name__}")
    said = "".join(output.get("text", "") for output in notebook.cells[-1].get("outputs", ()))
    marked = re.search(f"^{re.escape(MARK)}(.*)$", said, flags=re.M)
    return Graded(name, json.loads(marked[1])) if marked else Graded(name, nothing, "its answers could not be judged")


def _path():
    """Let the kernel find the very package that grades, whatever is installed besides."""
    return os.pathsep.join(filter(None, [str(pathlib.Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))


def _exercises_in(notebook, sources):
    """All exercises of the days of which the notebook checks one: a cell that was deleted counts too."""
    asked = set(re.findall(r"""check\(\s*["'](\d\d)\.\d""", "\n".join(sources)))
    for cell in notebook.cells:
        asked |= set(re.findall(r"^check-(\d\d)-", cell.metadata.get("nbgrader", {}).get("grade_id", "")))
    try:
        return [exercise.number for day in sorted(asked) for exercise in days.exercises(int(day))]
    except CafeError:
        return []
