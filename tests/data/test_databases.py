import os

import pytest

from cafe_edu.data.databases import database_writer, open_database, write_database
from cafe_edu.errors import DataError
from cafe_edu.proto.caffe_pb2 import Datum

RECORDS = [(b"00000000_a.png", Datum(label=1)), (b"00000003_b.png", Datum(label=2))]


@pytest.fixture(params=["lmdb", "LEVELDB"])
def backend(request):
    if request.param == "LEVELDB":
        pytest.importorskip("plyvel")
    return request.param


def test_what_was_written_is_read(tmp_path, backend):
    with database_writer(tmp_path / "db", backend) as put:
        for key, datum in RECORDS:
            put(key, datum.SerializeToString())
        assert not (tmp_path / "db").exists()
    with open_database(tmp_path / "db", backend) as reader:
        assert list(reader) == RECORDS
    assert os.listdir(tmp_path) == ["db"]


def test_a_failure_leaves_nothing(tmp_path, backend):
    def broken():
        with database_writer(tmp_path / "db", backend) as put:
            put(b"a", b"")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert os.listdir(tmp_path) == []


def test_more_records_than_one_transaction_holds(tmp_path, backend):
    write_database(tmp_path / "db", [Datum(label=i) for i in range(2500)], backend)
    with open_database(tmp_path / "db", backend) as reader:
        assert [datum.label for _, datum in reader] == list(range(2500))


@pytest.mark.parametrize("second", [b"b", b"a"])
def test_an_lmdbs_keys_grow(tmp_path, second):
    def write():
        with database_writer(tmp_path / "db") as put:
            put(b"b", b"")
            put(second, b"")

    with pytest.raises(DataError, match=f"db: expected keys in growing order, found {second!r} after b'b'"):
        write()
    assert os.listdir(tmp_path) == []


def test_an_unknown_kind(tmp_path):
    for use in (open_database, database_writer):
        with pytest.raises(DataError, match="expected the backend LMDB or LEVELDB, found 'sqlite'"):
            use(tmp_path, "sqlite")
