"""The reader's own copy of the notebooks, which an update of the course never writes over."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

from cafe_edu.errors import DataError
from cafe_edu.files import replacing

FOLDERS = ("lessons", "exercises", "solutions")
RECORD = ".shipped.json"  # in my_work: what each copy was when it was put there


def fingerprint(path):
    """Return a hash of what a notebook says, whether it was run or not.

    Running a lesson changes its outputs; that alone is no work of the reader's. A file that is not a
    notebook any more is hashed as it is.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
    """
    content = path.read_bytes()
    try:
        cells = json.loads(content)["cells"]
        said = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
        content = json.dumps(said).encode()
    except (ValueError, KeyError, TypeError):
        pass
    return hashlib.sha256(content).hexdigest()


def refresh(root, work):
    """Bring the copies in ``work`` up to date with the notebooks in ``root``.

    A copy that the reader has not changed is replaced. One that was changed is kept, and the new
    version is put beside it as ``NAME.new.ipynb``, once.

    Parameters
    ----------
    root : Path
        The repository, with lessons/, exercises/ and solutions/.
    work : Path
        The reader's folder; made if it is not there.

    Returns
    -------
    list of str
        What a reader should know, a line each: the changed copies that have a new version beside them.

    Raises
    ------
    DataError
        If there are no notebooks in ``root``.
    """
    root, work = pathlib.Path(root), pathlib.Path(work)
    shipped = [path for folder in FOLDERS for path in sorted((root / folder).glob("*.ipynb"))]
    if not shipped:
        raise DataError(f"expected notebooks in {root / FOLDERS[0]}, found none: give the repository's root")
    record = _read_record(work)
    lines = []
    for source in shipped:
        name = source.relative_to(root).as_posix()
        new = fingerprint(source)
        if _is_readers_own(work, name, record) and fingerprint(work / name) != new:
            if record.get(name) == new:
                continue  # changed by the reader, not by us
            beside = _place_beside(work, name, record, new)
            if beside is None:
                continue
            lines.append(f"{name}: you changed it, so it stays; the new version is {beside}")
            name = beside
        if not (work / name).exists() or fingerprint(work / name) != new:
            with replacing(work / name) as copy:
                copy.write_bytes(source.read_bytes())
        record[name] = new
    with replacing(work / RECORD) as new_record:
        new_record.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return lines


def lab_command(work, extra=()):
    """Return the command that opens JupyterLab on the front page, with no question about news."""
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={pathlib.Path(work).resolve()}",
        "--LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *extra,
    ]


def open_lab(root, extra=()):
    """Refresh ``root/my_work`` and open JupyterLab there; return its exit status when it ends.

    Parameters
    ----------
    root : str or Path
        The repository.
    extra : sequence of str
        Handed on to JupyterLab, such as ``--no-browser``.
    """
    work = pathlib.Path(root) / "my_work"
    for line in refresh(root, work):
        print(line)
    environment = dict(os.environ)
    # A notebook's `!cafe ...` must find the program of this very installation.
    programs = str(pathlib.Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([programs, environment.get("PATH", "")])
    try:
        return subprocess.run(lab_command(work, extra), env=environment, check=False).returncode
    except KeyboardInterrupt:  # Ctrl-C stops JupyterLab too; that is how it is closed
        return 0


def _is_readers_own(work, name, record):
    """Say whether the reader changed the copy, or put a file of that name there."""
    return (work / name).exists() and record.get(name) != fingerprint(work / name)


def _place_beside(work, name, record, new):
    """Return a free name for the new version, or None if the reader has been given this version before."""
    stem = name.removesuffix(".ipynb")
    number = 1
    while True:
        beside = f"{stem}.new{number if number > 1 else ''}.ipynb"
        if record.get(beside) == new:
            return None
        if not _is_readers_own(work, beside, record):
            return beside
        number += 1


def _read_record(work):
    """Return the record; without one, every copy counts as the reader's own, so nothing is lost."""
    try:
        return dict(json.loads((work / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
