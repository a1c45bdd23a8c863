"""What the reader has tried, been told and solved: one small file, outside the notebooks, that nothing loses.

It is written whole or not at all, under a lock, so that two notebooks at once do not forget each other's results.
The file before the last change stays beside it; if the file is ever damaged, that copy takes over, and the damaged
one is kept under another name.
"""

import contextlib
import json
import logging
import os
import pathlib
import shutil

from cafe_edu.errors import DataError
from cafe_edu.files import replacing

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

VERSION = 1
AT_FIRST = {"attempts": 0, "passed": False, "hints": 0}

log = logging.getLogger("cafe_edu")


def home():
    """Return the folder that holds the reader's progress.

    ``$CAFE_EDU_HOME`` if it is set; else the ``my_work`` folder that the current folder lies in, or that lies in it
    and has been worked in; else ``.cafe_edu`` in the reader's home.
    """
    named = os.environ.get("CAFE_EDU_HOME")
    if named:
        return pathlib.Path(named)
    here = pathlib.Path.cwd()
    found = [folder for folder in (here, *here.parents) if folder.name == "my_work"]
    if (here / "my_work" / "progress.json").exists():  # `cafe progress`, typed in the repository
        found.append(here / "my_work")
    return found[0] if found else pathlib.Path.home() / ".cafe_edu"


def path():
    """Return the file itself."""
    return home() / "progress.json"


def backup():
    """Return the file as it was before the last change."""
    return home() / "progress.before.json"


def read():
    """Return ``{number: {"attempts": int, "passed": bool, "hints": int, ...}}``, empty at the start.

    Where the file is damaged, what the copy beside it says.

    Raises
    ------
    DataError
        If the file is of a later version, or it and its copy are damaged; they are left as they are.
    """
    if not path().exists() and not backup().exists():
        return {}
    try:
        return _parse(path())
    except _DamagedError as error:
        try:
            known = _parse(backup())
        except _DamagedError:
            raise DataError(
                f"{error}; its copy {backup().name} is no better. Rename or delete both to begin anew"
            ) from None
        log.warning("%s; going on with %s, from before the last change", error, backup().name)
        return known


def of(number):
    """Return what is known of one exercise."""
    return AT_FIRST | read().get(number, {})


def record(number, **changes):
    """Store ``changes`` for one exercise; return what is now known of it."""
    return update(number, lambda known: known | changes)


def update(number, change):
    """Store what ``change`` makes of what is known of one exercise, with nobody else writing meanwhile.

    Parameters
    ----------
    number : str
    change : callable
        Takes ``{"attempts": ..., ...}``, returns the new one.

    Raises
    ------
    DataError
        If the file cannot be read or written; then it is as it was before.
    """
    with _locked():
        known = read()
        known[number] = change(AT_FIRST | known.get(number, {}))
        _write(known)
    return known[number]


class _DamagedError(DataError):
    """A file that is not what `_write` wrote."""


def _parse(file):
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(stored["version"], int) and stored["version"] > VERSION:
            raise DataError(f"{file}: expected version {VERSION}, found version {stored['version']}: update cafe_edu")
        return {number: dict(known) for number, known in stored["exercises"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _DamagedError(f"{file}: expected the course's progress as JSON") from None


def _write(known):
    text = json.dumps({"version": VERSION, "exercises": known}, indent=1, sort_keys=True) + "\n"
    try:
        _keep_old()
        with replacing(path()) as new:
            new.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path()}: could not be written ({error.strerror}); it is as it was before") from error


def _keep_old():
    """Keep what the file says now: as the copy if it is whole; under another name, for a person, if it is damaged."""
    if not path().exists():
        return
    try:
        _parse(path())
    except _DamagedError:
        shutil.copyfile(path(), _free_name("progress.damaged"))
    else:
        with replacing(backup()) as copy:
            copy.write_bytes(path().read_bytes())


def _free_name(stem):
    names = [home() / f"{stem}{number}.json" for number in ("", *range(2, 100))]
    return next((name for name in names if not name.exists()), names[-1])


@contextlib.contextmanager
def _locked():
    """Wait until nobody else writes; the system takes the lock off when a process ends, however it ends."""
    try:
        home().mkdir(parents=True, exist_ok=True)
        file = open(home() / "progress.lock", "a+")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise DataError(f"{home()}: could not be written ({error.strerror}); progress is not kept") from error
    with file:
        with contextlib.suppress(OSError):  # a file system without locks; on Windows, ten seconds in vain
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            else:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        yield
