import os

import numpy as np
import pytest

from cafe_edu.data.databases import database_writer, open_database, write_database
from cafe_edu.errors import DataError
from cafe_edu.proto.caffe_pb2 import Datum

RECORDS = [(b"00000000_a.png", Datum(label=1)), (b"00000003_b.png", Datum(label=2))]
PAIRS = [(np.full((1, 2, 3), i, np.uint8), i) for i in range(4)]


@pytest.fixture(params=["LMDB", "LEVELDB"])
def backend(request):
    """One, then the other."""
    if request.param == "LEVELDB":
        pytest.importorskip("plyvel")
    return request.param


def test_both_do_the_same(backend, tmp_path):
    write_database(tmp_path / "db", PAIRS, backend)
    with open_database(tmp_path / "db", backend.lower()) as reader:
        assert len(reader) == 4
        assert reader.path == tmp_path / "db"
        assert [(key, datum.label) for key, datum in reader] == [(b"%08d" % i, i) for i in range(4)]
        assert reader.peek()[1].label == 0
        assert [reader.next()[1].label for _ in range(5)] == [0, 1, 2, 3, 0]
        key = reader.key()
        assert key == b"00000001"
        reader.skip(6)
        assert reader.key() == b"00000003"
        reader.seek(key)
        assert reader.next()[1].label == 1
        for key in ("0000000", "00000001a", "missing"):
            with pytest.raises(DataError, match=f"db: no record '{key}'; is it the database it was"):
                reader.seek(key.encode())
        reader.rewind()
        assert reader.key() == b"00000000"


def test_the_progress_bar_counts(backend, tmp_path, capsys):
    write_database(tmp_path / "db", PAIRS, backend, progress=True)
    assert "writing db: 100%" in capsys.readouterr().err or "4 items" in capsys.readouterr().err


@pytest.mark.parametrize(
    "use",
    [
        lambda: open_database("x", "SQL"),
        lambda: write_database("x", PAIRS, "SQL"),
        lambda: database_writer("x", "SQL"),
    ],
)
def test_an_unknown_backend(use):
    with pytest.raises(DataError, match="expected the backend LMDB or LEVELDB, found 'SQL'"):
        use()
    assert not os.path.exists("x")


def test_records_with_keys_of_ones_own(tmp_path, backend):
    with database_writer(tmp_path / "db", backend) as put:
        for key, datum in RECORDS:
            put(key, datum.SerializeToString())
        assert not (tmp_path / "db").exists()
    with open_database(tmp_path / "db", backend) as reader:
        assert list(reader) == RECORDS
    assert os.listdir(tmp_path) == ["db"]


def test_a_writer_that_fails_leaves_nothing(tmp_path, backend):
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
