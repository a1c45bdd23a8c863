"""Databases of either kind, LMDB or LevelDB, by the name of the kind."""

import contextlib

from cafe_edu.data.lmdb_db import LmdbReader, lmdb_writer
from cafe_edu.errors import DataError


def open_database(path, backend="lmdb"):
    """Return a reader of (key, Datum) records.

    Parameters
    ----------
    path : str or Path
    backend : "lmdb" or "leveldb"
    """
    _check(path, backend)
    return LmdbReader(path)


@contextlib.contextmanager
def database_writer(path, backend="lmdb"):
    """Write records to a new database, whole or not at all: yield a function ``put(key, record)``.

    Parameters
    ----------
    path : str or Path
        The folder to make. It must not exist.
    backend : "lmdb" or "leveldb"
    """
    _check(path, backend)
    with lmdb_writer(path) as put:
        yield put


def _check(path, backend):
    if backend == "leveldb":
        raise DataError(f"{path}: expected backend 'lmdb', found 'leveldb', which cannot be read or written so far")
    if backend != "lmdb":
        raise DataError(f"{path}: expected backend 'lmdb' or 'leveldb', found {backend!r}")
