import pytest

from cafe_edu.data.databases import database_writer, open_database
from cafe_edu.errors import DataError
from cafe_edu.proto.caffe_pb2 import Datum


def test_what_was_written_is_read(tmp_path):
    with database_writer(tmp_path / "db", "lmdb") as put:
        put(b"a", Datum(label=1).SerializeToString())
        put(b"b", Datum(label=2).SerializeToString())
        assert not (tmp_path / "db").exists()
    with open_database(tmp_path / "db", "lmdb") as reader:
        assert [(key, datum.label) for key, datum in reader] == [(b"a", 1), (b"b", 2)]


def test_an_unknown_kind(tmp_path):
    with pytest.raises(DataError, match="expected backend 'lmdb' or 'leveldb', found 'sqlite'"):
        open_database(tmp_path, "sqlite")
    with (
        pytest.raises(DataError, match="expected backend 'lmdb' or 'leveldb', found 'sqlite'"),
        database_writer(tmp_path / "db", "sqlite"),
    ):
        pass
