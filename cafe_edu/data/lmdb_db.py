"""LMDB: a database in one folder, records in the order of their keys."""

import contextlib
import logging
import pathlib
import shutil
import tempfile
import threading
import weakref

import lmdb

from cafe_edu import files
from cafe_edu.data.datum import parse_datum
from cafe_edu.data.records import counted
from cafe_edu.errors import DataError

log = logging.getLogger("cafe_edu")
_environments = weakref.WeakValueDictionary()  # LMDB opens a file once per process; our readers share it
_opening = threading.Lock()  # ranks that are threads open the same file at the same moment


class LmdbReader:
    """Read the Datums of an LMDB in key order, again and again.

    ``next()`` is Caffe's cursor: it gives the record under it, moves on, and starts again after the
    last one. Iterating (``for key, datum in reader``) goes through all records once and leaves that
    cursor alone.

    The folder is only read: nothing is locked or written, so it may lie on a read-only disk and be
    open in many readers and processes at once. In return nobody may write into it meanwhile;
    `write_lmdb` never does. What this program itself has open by ``lmdb.open``, as programs do that wrote it and
    did not close it, LMDB does not open again: of that, a copy is read.

    Parameters
    ----------
    path : str or Path
        The folder that holds ``data.mdb``.

    Raises
    ------
    DataError
        If there is no such folder, it is no LMDB, it is damaged, or it holds no records. Later, if
        a record is no Datum.

    References
    ----------
    Caffe: ``src/caffe/util/db_lmdb.cpp``.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "three_lmdb"
    >>> write_lmdb(path, [(np.zeros((1, 2, 2), np.uint8), label) for label in (5, 6, 7)])
    >>> reader = LmdbReader(path)
    >>> len(reader)
    3
    >>> [reader.next()[1].label for _ in range(5)]
    [5, 6, 7, 5, 6]
    >>> [key for key, datum in reader]
    [b'00000000', b'00000001', b'00000002']
    >>> reader.close()
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        with _opening:
            self._environment = _open(self.path)
        self._transaction = self._environment.begin()
        self._count = self._transaction.stat()["entries"]
        if self._count == 0:
            self.close()
            raise DataError(f"{self.path}: expected an LMDB with records, found an empty one")
        self._cursor = self._transaction.cursor()
        self.rewind()

    def __len__(self):
        return self._count

    def __iter__(self):
        """Yield every (key, Datum) once, in key order."""
        with self._transaction.cursor() as cursor:
            records = iter(cursor)
            while (found := self._try(next, records, None)) is not None:
                yield found[0], self._parse(*found)

    def peek(self):
        """Return the (key, Datum) under the cursor."""
        key, record = self._try(self._cursor.item)
        return key, self._parse(key, record)

    def next(self):
        """Return the (key, Datum) under the cursor and move on; after the last record comes the first."""
        found = self.peek()
        self.skip(1)
        return found

    def skip(self, count):
        """Move the cursor on by ``count`` records, beginning again after the last one."""
        for _ in range(count):
            if not self._try(self._cursor.next):
                self.rewind()

    def rewind(self):
        """Put the cursor back on the first record."""
        self._try(self._cursor.first)

    def key(self):
        """The key of the record under the cursor: a place to come back to."""
        return self._try(self._cursor.key)

    def seek(self, key):
        """Put the cursor on the record of this key.

        Raises
        ------
        DataError
            If there is none. The cursor is then on the first record.
        """
        if not self._try(self._cursor.set_key, key):
            self.rewind()
            raise DataError(f"{self.path}: no record {key.decode(errors='replace')!r}; is it the database it was?")

    def close(self):
        """Let go of the file. Closing twice is fine; reading afterwards is not."""
        self._cursor = None
        if self._transaction is not None:
            self._transaction.abort()
        self._transaction = None
        self._environment = None  # the last reader of a file takes its environment along

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _try(self, read, *arguments):
        """Call a function of the cursor; say so in our words if it finds damage."""
        try:
            return read(*arguments)
        except lmdb.Error as error:
            raise DataError(
                f"{self.path}: data.mdb is damaged ({_reason(error)}); copy or make it again"
            ) from error

    def _parse(self, key, record):
        try:
            return parse_datum(record)
        except DataError as error:
            raise DataError(f"{self.path}, record {key.decode(errors='replace')!r}: {error}") from None


def write_lmdb(path, pairs, progress=False):
    """Write images and labels to a new LMDB.

    The records are written into a folder beside ``path`` that takes its name at the very end: an
    LMDB is there whole or not at all. The file grows as needed. Keys are counted with eight
    digits, so that their order as bytes is the order of the pairs.

    Parameters
    ----------
    path : str or Path
        The folder to make. It must not exist.
    pairs : iterable of (ndarray (C, H, W), int), or of Datum
        Arrays with their labels (see `array_to_datum`), or ready Datums.
    progress : bool
        Show a progress bar.

    Raises
    ------
    DataError
        If ``path`` is there already, or there is nothing to write.

    References
    ----------
    Caffe: ``tools/convert_imageset.cpp``, ``examples/mnist/convert_mnist_data.cpp``.
    """
    with lmdb_writer(path) as put:
        for key, record in counted(pairs, pathlib.Path(path), progress):
            put(key, record)


@contextlib.contextmanager
def lmdb_writer(path):
    """Write records to a new LMDB, whole or not at all: yield a function ``put(key, record)``.

    A thousand records are committed at a time, as Caffe does. Each key must be greater than the one before it.
    """
    with (
        files.making(path) as new,
        contextlib.closing(lmdb.open(str(new), lock=False, mode=0o666, sync=False)) as environment,
    ):
        waiting, last = [], b""

        def put(key, record):
            nonlocal last
            if key <= last:
                raise DataError(f"{path}: expected keys in growing order, found {key!r} after {last!r}")
            last = key
            waiting.append((key, record))
            if len(waiting) == 1000:
                _commit(environment, waiting)
                waiting.clear()

        yield put
        _commit(environment, waiting)
        environment.sync(True)


def _open(path):
    """The LMDB environment of ``path``, shared with the readers that have it open."""
    file = path / "data.mdb"
    if not path.exists():
        raise DataError(f"no such LMDB: {path} (looked for {path.absolute()})")
    if not file.is_file():
        found = "a file" if path.is_file() else "a folder without data.mdb"
        if (path / "CURRENT").is_file():
            found = "a LevelDB (if a net reads it, its data_param wants backend: LEVELDB)"
        raise DataError(f"{path}: expected an LMDB (a folder with data.mdb), found {found}")
    status = file.stat()
    identity = (status.st_dev, status.st_ino, status.st_mtime_ns)
    environment = _environments.get(identity)
    if environment is None:
        try:
            environment = _environment(path)
        except lmdb.Error as error:
            raise DataError(
                f"{path}: expected an LMDB, found a damaged data.mdb ({_reason(error)})"
            ) from error
        least = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        if status.st_size < least:  # reading beyond the end of the file would kill the process
            environment.close()
            raise DataError(
                f"{path}: data.mdb is cut short: expected {least:,} bytes, found {status.st_size:,}; "
                f"copy or make it again"
            )
        _environments[identity] = environment
    return environment


def _environment(path):
    """Open the LMDB in a folder or, if this program has it open by other means, a copy of it."""
    try:
        return lmdb.open(str(path), readonly=True, lock=False, create=False)
    except lmdb.Error as error:
        if "already open" not in str(error):
            raise
    log.warning("%s is open elsewhere in this program: a copy is read, as it is now", path)
    with contextlib.ExitStack() as undoing:
        folder = tempfile.mkdtemp(prefix="copy_of_lmdb_")
        undoing.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            shutil.copyfile(path / "data.mdb", pathlib.Path(folder) / "data.mdb")
        except OSError as error:
            says = f"{path} is open elsewhere in this program: close it there; a copy could not be made"
            raise DataError(f"{says} ({error.strerror})") from None
        environment = lmdb.open(folder, readonly=True, lock=False, create=False)
        weakref.finalize(environment, undoing.pop_all().close)
    return environment


def _reason(error):
    return str(error).rpartition(": ")[2]


def _commit(environment, records):
    """Append ``records`` in one transaction, in a larger map if this one is full."""
    while True:
        try:
            with environment.begin(write=True) as transaction:
                for key, record in records:
                    transaction.put(key, record, append=True)
            return
        except lmdb.MapFullError:
            environment.set_mapsize(2 * environment.info()["map_size"])
