"""Databases: LMDB and LevelDB by one name each, read and written alike."""

from cafe_edu.errors import DataError

BACKENDS = ("LMDB", "LEVELDB")


def open_database(path, backend):
    """Return a reader of the database at ``path``.

    Whichever it is, it has ``peek()``, ``next()``, ``skip(count)``, ``rewind()``, ``key()``, ``seek(key)``,
    ``close()``, a length, and goes once through all (key, Datum) in a ``for`` loop.

    Parameters
    ----------
    path : str or Path
    backend : "LMDB" or "LEVELDB", in capitals or not
    """
    if _known(backend) == "LMDB":
        from cafe_edu.data.lmdb_db import LmdbReader

        return LmdbReader(path)
    from cafe_edu.data.leveldb_db import LevelDbReader

    return LevelDbReader(path)


def write_database(path, pairs, backend="LMDB", progress=False):
    """Write a new database from (array (C, H, W), label) pairs, or from Datums; see `write_lmdb`.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two_lmdb"
    >>> write_database(path, [(np.zeros((1, 2, 2), np.uint8), label) for label in (5, 6)])
    >>> reader = open_database(path, "LMDB")
    >>> [datum.label for key, datum in reader]
    [5, 6]
    >>> reader.close()
    """
    if _known(backend) == "LMDB":
        from cafe_edu.data.lmdb_db import write_lmdb

        write_lmdb(path, pairs, progress)
    else:
        from cafe_edu.data.leveldb_db import write_leveldb

        write_leveldb(path, pairs, progress)


def database_writer(path, backend="LMDB"):
    """Write records with keys of one's own to a new database: a context that gives a function ``put(key, record)``.

    The database appears at the end of the context, whole; if the block raises or the process dies, there is none.

    Parameters
    ----------
    path : str or Path
        The folder to make. It must not exist.
    backend : "LMDB" or "LEVELDB", in capitals or not

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from cafe_edu.proto.caffe_pb2 import Datum
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one_lmdb"
    >>> with database_writer(path) as put:
    ...     put(b"00000000_cat.png", Datum(label=3).SerializeToString())
    >>> with open_database(path, "LMDB") as reader:
    ...     print(reader.next()[0])
    b'00000000_cat.png'
    """
    if _known(backend) == "LMDB":
        from cafe_edu.data.lmdb_db import lmdb_writer

        return lmdb_writer(path)
    from cafe_edu.data.leveldb_db import leveldb_writer

    return leveldb_writer(path)


def _known(backend):
    if str(backend).upper() not in BACKENDS:
        raise DataError(f"expected the backend LMDB or LEVELDB, found {backend!r}")
    return backend.upper()
