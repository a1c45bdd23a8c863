"""What the reader has tried, been told and solved: one small file, outside the notebooks."""

import json
import os
import pathlib

from cafe_edu.errors import DataError
from cafe_edu.files import replacing

VERSION = 1


def home():
    """Return the folder that holds the reader's progress.

    ``$CAFE_EDU_HOME`` if it is set; else the ``my_work`` folder that the current folder lies in;
    else ``.cafe_edu`` in the reader's home.
    """
    named = os.environ.get("CAFE_EDU_HOME")
    if named:
        return pathlib.Path(named)
    here = pathlib.Path.cwd()
    inside = [folder for folder in (here, *here.parents) if folder.name == "my_work"]
    return inside[0] if inside else pathlib.Path.home() / ".cafe_edu"


def path():
    """Return the file itself."""
    return home() / "progress.json"


def read():
    """Return ``{number: {"attempts": int, "passed": bool, "hints": int}}``, empty at the start.

    Raises
    ------
    DataError
        If the file is there and is not what `record` wrote; it is left as it is.
    """
    file = path()
    if not file.exists():
        return {}
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["version"] != VERSION:
            raise DataError(f"{file}: expected version {VERSION}, found version {stored['version']}")
        return dict(stored["exercises"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file}: expected the course's progress as JSON; rename or delete it") from error


def of(number):
    """Return what is known of one exercise."""
    return {"attempts": 0, "passed": False, "hints": 0} | read().get(number, {})


def record(number, **changes):
    """Store ``changes`` for one exercise; return what is now known of it."""
    exercises = read()
    exercises[number] = {"attempts": 0, "passed": False, "hints": 0} | exercises.get(number, {}) | changes
    with replacing(path()) as new:
        text = json.dumps({"version": VERSION, "exercises": exercises}, indent=1, sort_keys=True)
        new.write_text(text + "\n", encoding="utf-8")
    return exercises[number]
