"""Files: found where a reader would expect them, written whole or not at all."""

import contextlib
import os
import pathlib
import shutil
import tempfile

from cafe_edu.errors import DataError

try:
    import fcntl
except ImportError:  # Windows: nothing tells there whether a folder is still in use, so none is cleared away
    fcntl = None

_MARK = ".half-"  # in the names of the folders in which files are written; no pattern for files has it


@contextlib.contextmanager
def replacing(path):
    """Write ``path`` atomically: yield a temporary path near it, move it into place at the end.

    If the block raises or the process dies, ``path`` still holds what it held before. The temporary path lies
    in a hidden folder beside it, so that no pattern such as ``*.caffemodel*`` finds a file half written. A process
    that is killed leaves that folder behind; the next one that writes to the same place clears it away. (A writer
    locks its folder, and the system takes the lock off when the process ends, however it ends.)

    Parameters
    ----------
    path : str or Path
        The file to write. Its folder is made if it is not there.

    Yields
    ------
    pathlib.Path
        An empty file of the same name, to be written and closed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with replacing(folder / "answer.txt") as new:
    ...     _ = new.write_text("42")
    >>> (folder / "answer.txt").read_text()
    '42'

    Raises
    ------
    DataError
        If there can be no such file: a folder has the name, or the folder it belongs in may not be written.
    """
    path = pathlib.Path(path)
    refuse_unwritable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_away(path.parent)
    with _hidden_folder(path) as folder:
        new = folder / path.name
        new.touch()
        yield new
        with open(new, "rb") as written:
            os.fsync(written.fileno())
        os.replace(new, path)


@contextlib.contextmanager
def _hidden_folder(path):
    """Make a folder beside ``path``, ours as long as the block lasts."""
    lock = None
    while lock is None:  # somebody may clear it away before it is locked
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f".{path.name.replace('.', '_')}{_MARK}", dir=path.parent))
        lock = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


class _Lock:
    """A lock on a folder that lasts until it is closed or the process ends, or the lack of one."""

    def __init__(self, descriptor=None):
        self.descriptor = descriptor

    def close(self):
        if self.descriptor is not None:
            os.close(self.descriptor)


def _lock(folder):
    """Lock a folder; return None if somebody else has it locked or deleted it."""
    if fcntl is None:
        return _Lock()
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a file system without locks: nobody can know, so nobody clears away
        os.close(descriptor)
        return _Lock()
    if not folder.exists():
        os.close(descriptor)
        return None
    return _Lock(descriptor)


def _clear_away(place):
    """Delete the hidden folders of earlier writers in a folder that did not live to do so."""
    for found in place.glob(f".*{_MARK}????????"):
        with contextlib.suppress(OSError):  # its owner may delete it meanwhile
            if any(f".{inside.name.replace('.', '_')}" != found.name[: -len(_MARK) - 8] for inside in found.iterdir()):
                continue  # not made here
            lock = _lock(found)
            if lock is not None:
                if lock.descriptor is not None:
                    shutil.rmtree(found, ignore_errors=True)
                lock.close()


def refuse_unwritable(path):
    """Raise ``DataError`` if ``path`` cannot be a file that is written; write nothing."""
    path = pathlib.Path(path)
    if path.is_dir():
        raise DataError(f"cannot write {path}: expected the name of a file, found a folder")
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    if not folder.is_dir():
        raise DataError(f"cannot write {path}: {folder} is a file, not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"cannot write {path}: no permission to write in {folder}")


@contextlib.contextmanager
def making(path):
    """Make the folder ``path`` whole or not at all: yield a new folder beside it, which takes its name at the end.

    Raises
    ------
    DataError
        If ``path`` is there already, now or at the end.
    """
    path = pathlib.Path(path)
    _refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    new.mkdir()
    try:
        yield new
        _refuse_existing(path)
        try:
            os.rename(new, path)
        except OSError:  # somebody else made it in this very moment
            _refuse_existing(path)
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _refuse_existing(path):
    if os.path.lexists(path):
        raise DataError(f"{path} is there already: delete it first, or choose another name")


def find(name, beside=None):
    """Return the path of an existing file or folder that a prototxt names.

    A relative name is looked for in the current folder, as Caffe does, and then in the folder
    ``beside`` (that of the prototxt that names it), so that a net trains from anywhere.

    Parameters
    ----------
    name : str or Path
    beside : str or Path, optional

    Raises
    ------
    DataError
        With every place that was tried.
    """
    name = pathlib.Path(name)
    places = [name]
    if beside is not None and not name.is_absolute():
        places.append(pathlib.Path(beside) / name)
    for place in places:
        try:
            if place.exists():
                return place
        except OSError as error:  # a name that is too long, a folder that may not be entered
            raise DataError(f"cannot look for {place}: {error.strerror}") from None
    tried = dict.fromkeys(str(place.absolute()) for place in places)  # each once
    looked = "" if name.is_absolute() else f" (looked for {' and '.join(tried)})"
    raise DataError(f"no such file: {name}{looked}")
