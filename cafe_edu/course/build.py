"""From the text that people edit to the notebooks that people read.

``python -m cafe_edu.course.build`` reads the percent-format files in ``lessons/source`` and writes

=============================================  ==========================================
``lessons/source/00_start_here.py``            ``lessons/00_start_here.ipynb``
``lessons/source/DAY/lesson.py``               ``lessons/DAY.ipynb``, run
``lessons/source/DAY/exercises.py``            ``solutions/DAY.ipynb``, run, and
                                               ``exercises/DAY.ipynb``, blank
=============================================  ==========================================

The same source gives the same bytes: cells are named by their place, nothing about time or
machine is kept, and pictures do not say what drew them. A notebook whose cells equal its
source is left as it is; ``--all`` runs every one again, ``--check`` writes nothing and says what is stale.

In a source, a cell's header says what it is to an exercise: ``# %% answer="06.1"`` holds the answer
between ``### BEGIN SOLUTION`` and ``### END SOLUTION``, ``# %% check="06.1"`` the check. Both get
nbgrader's metadata, so a teacher can hand ``solutions/`` to nbgrader as it is.

``# %% [markdown] lang="zh"`` says in another language what the markdown cell before it says. ``--language zh``
builds that edition, into a folder ``zh/``: its text where there is some, English where there is none, the same code
and checks.
"""

import argparse
import dataclasses
import pathlib
import re
import sys

from cafe_edu.course.days import find
from cafe_edu.course.run_notebook import KERNEL, SECONDS_PER_CELL, BuildError, run
from cafe_edu.errors import CafeError
from cafe_edu.files import replacing

__all__ = ["KERNEL", "SECONDS_PER_CELL", "BuildError", "Page", "build", "make", "pages", "run"]

BLANK_CODE = ["# YOUR CODE HERE", "raise NotImplementedError()"]
BLANK_TEXT = ["YOUR ANSWER HERE"]


@dataclasses.dataclass(frozen=True)
class Page:
    """One notebook to be made.

    Parameters
    ----------
    name : str
        Where it goes, from the repository's root, without ``.ipynb``: ``lessons/day06_handwritten_digits``.
    source : Path
        The percent-format file.
    language : str
        "en", or the ``lang`` of the cells that speak for the English ones.
    """

    name: str
    source: pathlib.Path
    language: str = "en"

    @property
    def is_blank(self):
        """Exercises are made from the solutions, without answers and without outputs."""
        return self.name.split("/")[-2] == "exercises"


def pages(root, language="en"):
    """Return every `Page` that the sources under ``root`` make, in reading order."""
    source = pathlib.Path(root) / "lessons" / "source"
    inside = "" if language == "en" else f"{language}/"
    found = []
    for path in sorted(source.iterdir()):
        if path.suffix == ".py":
            found.append(Page(f"{inside}lessons/{path.stem}", path, language))
        elif path.is_dir() and (path / "lesson.py").exists():
            found.append(Page(f"{inside}lessons/{path.name}", path / "lesson.py", language))
            if (path / "exercises.py").exists():
                found.append(Page(f"{inside}solutions/{path.name}", path / "exercises.py", language))
                found.append(Page(f"{inside}exercises/{path.name}", path / "exercises.py", language))
    return found


def make(page):
    """Return the notebook of ``page`` as its source gives it: nothing run, no outputs.

    Returns
    -------
    nbformat.NotebookNode
    """
    import jupytext
    import nbformat

    text = page.source.read_text(encoding="utf-8")
    notebook = nbformat.v4.new_notebook(metadata=KERNEL, nbformat_minor=5)
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        header = {key: value for key, value in cell.metadata.items() if not key.startswith("lines_to_")}
        language = header.pop("lang", None)
        if language is None:
            place, english = len(notebook.cells) + 1, header  # cells of other languages do not count
            new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}[cell.cell_type]
            metadata = _cell_metadata(page, header, place)
            notebook.cells.append(new("", id=_cell_id(header, place), metadata=metadata))
        elif not notebook.cells or {cell.cell_type, notebook.cells[-1].cell_type} != {"markdown"} or header:
            first = cell.source.split("\n")[0]
            raise BuildError(
                f"{page.source.name}: expected lang={language!r} alone, on a markdown cell behind the markdown cell "
                f"that it speaks for, found it at: {first!r}"
            )
        if language in (None, page.language):
            notebook.cells[-1].source = _source(cell, page, english)
    ids = [cell.id for cell in notebook.cells]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise BuildError(f"{page.source.name}: two cells are called {id_!r}; name each once")
    return notebook


def _source(cell, page, header):
    """The text of a cell, its answer taken out in an exercise, its links right where the page lies."""
    source = cell.source
    if page.is_blank and "answer" in header:
        source = without_answer(source, BLANK_CODE if cell.cell_type == "code" else BLANK_TEXT)
    if page.language != "en" and cell.cell_type == "markdown":  # one folder deeper
        source = re.sub(r"(\]\(|^\[\w+\]: )\.\./(?!lessons/|exercises/|solutions/)", r"\1../../", source, flags=re.M)
    return source


def without_answer(source, blank):
    """Put ``blank`` in place of what stands between the markers, indented as they are.

    Examples
    --------
    >>> print(without_answer('''def f(x):
    ...     ### BEGIN SOLUTION
    ...     return 2 * x
    ...     ### END SOLUTION''', BLANK_CODE))
    def f(x):
        # YOUR CODE HERE
        raise NotImplementedError()
    """
    kept, inside, found = [], False, False
    for line in source.split("\n"):
        if "### BEGIN SOLUTION" in line and not inside:
            indent = line[: len(line) - len(line.lstrip())]
            kept += [indent + words for words in blank]
            inside = found = True
        elif "### END SOLUTION" in line and inside:
            inside = False
        elif not inside:
            kept.append(line)
    if inside or not found:
        raise BuildError(f"expected ### BEGIN SOLUTION and ### END SOLUTION in an answer, found: {source!r}")
    return "\n".join(kept)


def without_outputs(notebook):
    """Return a copy of ``notebook`` as it was before it was run."""
    import copy

    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return bare


def text_of(notebook):
    """Return the text of the .ipynb file."""
    import nbformat

    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def is_current(page, root):
    """Say whether the notebook on disk has the cells that the source gives, byte for byte."""
    import nbformat

    path = pathlib.Path(root) / f"{page.name}.ipynb"
    if not path.exists():
        return False
    stored = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    return text_of(without_outputs(stored)) == text_of(make(page))


def build(page, root):
    """Write the notebook of ``page``; run it first unless it is blank."""
    import nbformat

    notebook = make(page)
    if not page.is_blank:
        notebook = run(notebook, page, root)
    nbformat.validate(notebook)
    with replacing(pathlib.Path(root) / f"{page.name}.ipynb") as new:
        new.write_text(text_of(notebook), encoding="utf-8")


def main(arguments=None):
    """Build what changed; return 0, or 1 if something is stale or could not be built."""
    program, description = "python -m cafe_edu.course.build", __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("names", nargs="*", help="only notebooks with one of these in their name")
    parser.add_argument("--all", action="store_true", help="also those whose source has not changed")
    parser.add_argument("--check", action="store_true", help="write nothing; say which are stale")
    parser.add_argument("--language", default="en", metavar="CODE", help="another edition, such as zh, into CODE/")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path.cwd(), help="the repository")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    if not (root / "lessons" / "source").is_dir():
        parser.error(f"no lessons/source in {options.root}: give --root, the repository")
    stale = 0
    if not re.fullmatch("[a-z]{2,3}", options.language):
        parser.error(f"expected a language such as zh, found {options.language}")
    for page in pages(root, options.language):
        if options.names and not any(name in page.name for name in options.names):
            continue
        try:
            if is_current(page, root) and not options.all:
                continue
            stale += 1
            if options.check:
                print(f"stale: {page.name}.ipynb (from {page.source.relative_to(root)})")
                continue
            build(page, root)
            print(f"built {page.name}.ipynb")
        except CafeError as error:
            print(f"error: {error.one_line()}", file=sys.stderr)
            return 1
    return 1 if options.check and stale else 0


def _cell_id(header, place):
    for role in ("answer", "check"):
        if role in header:
            return _grade_id(role, header[role])
    return f"cell-{place:03d}"


def _cell_metadata(page, header, place):
    """Turn a cell's header into what the notebook stores: tags, and nbgrader's record of exercises."""
    unknown = set(header) - {"answer", "check", "tags"}
    if unknown:
        raise BuildError(
            f"{page.source.name}, cell {place}: expected answer, check, tags or lang in the header, found {unknown}"
        )
    metadata = {"tags": header["tags"]} if "tags" in header else {}
    if "answer" in header:
        metadata["nbgrader"] = _nbgrader("answer", header["answer"], grade=False, locked=False, solution=True)
    if "check" in header:
        metadata["nbgrader"] = _nbgrader("check", header["check"], grade=True, locked=True, solution=False)
        metadata["nbgrader"]["points"] = find(header["check"]).points
    return metadata


def _nbgrader(role, number, **flags):
    return {"grade_id": _grade_id(role, number), "schema_version": 3, "task": False, **flags}


def _grade_id(role, number):
    return f"{role}-{number.replace('.', '-')}"


if __name__ == "__main__":
    sys.exit(main())
