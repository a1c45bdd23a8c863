"""LevelDB: the other kind of database that Caffe reads, records in the order of their keys."""

import contextlib
import os
import pathlib
import shutil
import tempfile
import weakref

from cafe_edu import files
from cafe_edu.data.datum import parse_datum
from cafe_edu.data.records import counted
from cafe_edu.errors import DataError

TABLES = (".ldb", ".sst")  # files that LevelDB never changes once they are written


class LevelDbReader:
    """Read the Datums of a LevelDB in key order, again and again; in use it is `LmdbReader`'s twin.

    LevelDB itself opens a database only for one program at a time, and writes into its folder even to read. This
    reader opens a copy that takes no room: a temporary folder with links to the large files, which never change, and
    copies of the small ones. So the folder stays as it is, may lie on a read-only disk and be open in many readers
    and programs. In return nobody may write into it meanwhile.

    Parameters
    ----------
    path : str or Path
        The folder that holds ``CURRENT``.

    Raises
    ------
    DataError
        If plyvel is not installed, there is no such folder, it is no LevelDB, it is damaged, or it holds no
        records. Later, if a record is damaged or no Datum.

    References
    ----------
    Caffe: ``src/caffe/util/db_leveldb.cpp``.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        _check(self.path)
        self._plyvel = _plyvel()
        self._folder = tempfile.mkdtemp(prefix="cafe_edu-leveldb-")
        self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        _link(self.path, self._folder)
        self._database = self._cursor = self._found = None
        self._database = self._try(self._plyvel.DB, self._folder, paranoid_checks=True)
        self._cursor = self._records()
        self._count = None
        self.rewind()

    def __len__(self):
        """LevelDB does not keep count: the first time, all records are gone through."""
        if self._count is None:
            keys = self._records(include_value=False)
            self._count = 0
            while self._try(next, keys, None) is not None:
                self._count += 1
        return self._count

    def __iter__(self):
        """Yield every (key, Datum) once, in key order."""
        records = self._records()
        while (found := self._try(next, records, None)) is not None:
            yield found[0], self._parse(*found)

    def peek(self):
        """Return the (key, Datum) under the cursor."""
        return self._found[0], self._parse(*self._found)

    def next(self):
        """Return the (key, Datum) under the cursor and move on; after the last record comes the first."""
        found = self.peek()
        self.skip(1)
        return found

    def skip(self, count):
        """Move the cursor on by ``count`` records, beginning again after the last one."""
        for _ in range(count):
            self._found = self._try(next, self._cursor, None)
            if self._found is None:
                self.rewind()

    def rewind(self):
        """Put the cursor back on the first record."""
        self._try(self._cursor.seek_to_start)
        self._found = self._try(next, self._cursor, None)
        if self._found is None:  # LevelDB passes over a first block that it cannot read
            raise DataError(f"{self.path}: expected a LevelDB with records, found none: it is empty, or damaged")

    def key(self):
        """The key of the record under the cursor: a place to come back to."""
        return self._found[0]

    def seek(self, key):
        """Put the cursor on the record of this key.

        Raises
        ------
        DataError
            If there is none. The cursor is then on the first record.
        """
        self._try(self._cursor.seek, key)
        self._found = self._try(next, self._cursor, None)
        if self._found is None or self._found[0] != key:
            self.rewind()
            raise DataError(f"{self.path}: no record {key.decode(errors='replace')!r}; is it the database it was?")

    def close(self):
        """Let go of the database. Closing twice is fine; reading afterwards is not."""
        self._cursor = self._found = None
        if self._database is not None:
            self._database.close()
        self._database = None
        self._remove()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _records(self, **options):
        return self._database.iterator(verify_checksums=True, **options)

    def _try(self, read, *arguments, **options):
        """Call a function of plyvel; say so in our words if it finds damage."""
        try:
            return read(*arguments, **options)
        except self._plyvel.Error as error:
            reason = b" ".join(part for part in error.args if isinstance(part, bytes)).decode(errors="replace")
            reason = reason.replace(f"{self._folder}/", "") or str(error)
            raise DataError(f"{self.path}: the LevelDB is damaged ({reason}); copy or make it again") from error

    def _parse(self, key, record):
        try:
            return parse_datum(record)
        except DataError as error:
            raise DataError(f"{self.path}, record {key.decode(errors='replace')!r}: {error}") from None


def write_leveldb(path, pairs, progress=False):
    """Write images and labels to a new LevelDB, whole or not at all; in use it is `write_lmdb`'s twin.

    References
    ----------
    Caffe: ``src/caffe/util/db_leveldb.cpp``.
    """
    with leveldb_writer(path) as put:
        for key, record in counted(pairs, pathlib.Path(path), progress):
            put(key, record)


@contextlib.contextmanager
def leveldb_writer(path):
    """Write records to a new LevelDB, whole or not at all: yield a function ``put(key, record)``."""
    plyvel = _plyvel()
    with files.making(path) as new:
        options = {"create_if_missing": True, "block_size": 2**16, "write_buffer_size": 2**26}
        with contextlib.closing(plyvel.DB(str(new), **options)) as database:
            yield database.put
            database.compact_range()  # else a reader has to sort what is still in the log


def _plyvel():
    try:
        import plyvel
    except ImportError:
        raise DataError(
            'LevelDB needs plyvel, which is not installed: pip install "plyvel>=1.5", or use an LMDB'
        ) from None
    return plyvel


def _check(path):
    if not path.exists():
        raise DataError(f"no such LevelDB: {path} (looked for {path.absolute()})")
    if not (path / "CURRENT").is_file():
        found = "a file" if path.is_file() else "a folder without CURRENT"
        if (path / "data.mdb").is_file():
            found = "an LMDB (if a net reads it, its data_param wants backend: LMDB)"
        raise DataError(f"{path}: expected a LevelDB (a folder with CURRENT), found {found}")


def _link(path, folder):
    """Fill ``folder`` with what a LevelDB in ``path`` consists of."""
    for file in path.iterdir():
        new = pathlib.Path(folder) / file.name
        if file.name.startswith("LOG") or file.name == "LOCK" or not file.is_file():
            continue
        if file.suffix in TABLES:
            try:
                os.symlink(file.absolute(), new)
                continue
            except OSError:  # Windows lets only some users make links
                pass
        shutil.copyfile(file, new)
