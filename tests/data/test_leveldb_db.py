import os
import sys

import numpy as np
import pytest

from cafe_edu.data.datum import datum_to_array
from cafe_edu.data.leveldb_db import LevelDbReader, write_leveldb
from cafe_edu.errors import DataError
from cafe_edu.proto.caffe_pb2 import Datum

plyvel = pytest.importorskip("plyvel")


def pairs(count, side=4):
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 256, (1, side, side), np.uint8), label) for label in range(count)]


@pytest.fixture
def five(tmp_path):
    write_leveldb(tmp_path / "five", pairs(5))
    return tmp_path / "five"


def labels(reader, count):
    return [reader.next()[1].label for _ in range(count)]


def raw(path, records):
    with plyvel.DB(str(path), create_if_missing=True) as database:
        for key, value in records:
            database.put(key, value)
    return path


def test_what_was_written_is_read(five):
    with LevelDbReader(five) as reader:
        assert len(reader) == 5
        found = list(reader)
    assert [key for key, _ in found] == [b"%08d" % i for i in range(5)]
    for (_, datum), (array, label) in zip(found, pairs(5), strict=True):
        np.testing.assert_array_equal(datum_to_array(datum), array)
        assert datum.label == label


def test_the_cursor_wraps_skips_and_rewinds(five):
    with LevelDbReader(five) as reader:
        assert labels(reader, 7) == [0, 1, 2, 3, 4, 0, 1]
        reader.skip(4)
        assert reader.peek()[1].label == 1
        assert labels(reader, 1) == [1]
        reader.rewind()
        assert labels(reader, 2) == [0, 1]


def test_iterating_and_counting_leave_the_cursor_alone(five):
    with LevelDbReader(five) as reader:
        labels(reader, 3)
        assert len(reader) == 5
        assert [datum.label for _, datum in reader] == [0, 1, 2, 3, 4]
        assert labels(reader, 1) == [3]


def test_a_key_is_a_place_to_come_back_to(five):
    with LevelDbReader(five) as reader:
        labels(reader, 3)
        key = reader.key()
        labels(reader, 4)
        reader.seek(key)
        assert labels(reader, 2) == [3, 4]
        for key in (b"00000003x", b"9"):
            with pytest.raises(DataError, match=f"five: no record '{key.decode()}'; is it the database it was?"):
                reader.seek(key)
            assert labels(reader, 1) == [0]


def test_a_folder_is_only_read(five):
    before = {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in five.iterdir()}
    five.chmod(0o555)
    try:
        with LevelDbReader(five) as reader:
            assert labels(reader, 6) == [0, 1, 2, 3, 4, 0]
    finally:
        five.chmod(0o755)
    assert {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in five.iterdir()} == before


def test_caffes_own_database_stays_as_it_is(shared):
    path = shared / "oracle/data/digits_small_leveldb"
    before = {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}
    images = np.load(shared / "oracle/data/digits_images.npz")
    with LevelDbReader(path) as reader:
        found = [(datum_to_array(datum)[0], datum.label) for _, datum in reader]
        assert reader.key() == b"00000000_train_0000.png"
    np.testing.assert_array_equal([x for x, _ in found], images["train"][: len(found)])
    np.testing.assert_array_equal([y for _, y in found], images["train_label"][: len(found)])
    assert len(found) == 50
    assert {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()} == before


def test_what_is_still_in_the_log_is_read(tmp_path):
    records = [(b"%d" % i, Datum(label=i).SerializeToString()) for i in range(9)]
    path = raw(tmp_path / "db", records)
    assert not [file for file in path.iterdir() if file.suffix == ".ldb"]
    with LevelDbReader(path) as reader:
        assert labels(reader, 10) == [*range(9), 0]


def test_many_readers_at_once_and_nothing_stays_behind(five, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    readers = [LevelDbReader(five) for _ in range(3)]
    assert [labels(reader, n) for n, reader in enumerate(readers)] == [[], [0], [0, 1]]
    assert len(os.listdir(tmp_path / "temporary")) == 3
    readers[2].close()
    assert len(os.listdir(tmp_path / "temporary")) == 2
    del readers
    assert os.listdir(tmp_path / "temporary") == []


def test_megabytes(tmp_path):
    rng = np.random.default_rng(0)
    write_leveldb(tmp_path / "db", ((rng.integers(0, 256, (3, 64, 64), np.uint8), i) for i in range(700)))
    with LevelDbReader(tmp_path / "db") as reader:
        assert labels(reader, 701) == [*range(700), 0]


def test_where_links_are_not_allowed_files_are_copied(five, monkeypatch):
    def refuse(*names):
        raise OSError("not for you")

    monkeypatch.setattr(os, "symlink", refuse)
    with LevelDbReader(five) as reader:
        assert labels(reader, 5) == [0, 1, 2, 3, 4]


def test_without_plyvel(five, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plyvel", None)
    words = 'LevelDB needs plyvel, which is not installed: pip install "plyvel>=1.5", or use an LMDB'
    with pytest.raises(DataError, match=words):
        LevelDbReader(five)
    with pytest.raises(DataError, match=words):
        write_leveldb(tmp_path / "new", pairs(1))


def test_nothing_is_overwritten(five):
    with pytest.raises(DataError, match="five is there already: delete it first, or choose another name"):
        write_leveldb(five, pairs(1))
    with LevelDbReader(five) as reader:
        assert len(reader) == 5


def test_a_failure_leaves_nothing(tmp_path):
    def broken():
        yield from pairs(15)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_leveldb(tmp_path / "db", broken())
    with pytest.raises(DataError, match="nothing to write: expected at least one"):
        write_leveldb(tmp_path / "db", [])
    assert os.listdir(tmp_path) == []


def test_what_is_no_leveldb(tmp_path, shared):
    with pytest.raises(DataError, match=r"no such LevelDB: .*nowhere \(looked for /"):
        LevelDbReader(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"expected a LevelDB \(a folder with CURRENT\), found a folder without"):
        LevelDbReader(tmp_path)
    (tmp_path / "db").write_text("hello")
    with pytest.raises(DataError, match=r"expected a LevelDB \(a folder with CURRENT\), found a file"):
        LevelDbReader(tmp_path / "db")
    with pytest.raises(DataError, match=r"found an LMDB \(if a net reads it, its data_param wants backend: LMDB\)"):
        LevelDbReader(shared / "oracle/data/digits_test_lmdb")


def test_an_empty_database(tmp_path):
    with pytest.raises(DataError, match="expected a LevelDB with records, found none: it is empty, or damaged"):
        LevelDbReader(raw(tmp_path / "db", []))


def test_a_record_that_is_no_datum(tmp_path):
    with (
        LevelDbReader(raw(tmp_path / "db", [(b"one", b"rubbish")])) as reader,
        pytest.raises(DataError, match=r"db, record 'one': expected a Datum, found 7 bytes"),
    ):
        reader.next()


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST"])
def test_a_damaged_beginning(five, name):
    (path,) = five.glob(f"{name}*")
    path.write_bytes(b"rubbish" * 30)
    with pytest.raises(DataError, match=r"five: the LevelDB is damaged \(.*\); copy or make it again"):
        LevelDbReader(five)


def test_damage_inside_is_found_while_reading(tmp_path):
    write_leveldb(tmp_path / "db", pairs(1000, side=28))
    (path,) = (tmp_path / "db").glob("*.ldb")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with LevelDbReader(tmp_path / "db") as reader:
        assert reader.next()[1].label == 0
        with pytest.raises(DataError, match=r"db: the LevelDB is damaged \(.*\); copy or make it again"):
            reader.skip(1000)


def test_damage_in_the_first_block(five):
    (path,) = five.glob("*.ldb")
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"five: expected a LevelDB with records, found none: it is empty, or damaged"):
        LevelDbReader(five)


def test_a_table_that_is_missing(five):
    (path,) = five.glob("*.ldb")
    path.unlink()
    words = r"five: the LevelDB is damaged \(Corruption: 1 missing files; e\.g\.: \d+\.ldb\); copy"
    with pytest.raises(DataError, match=words):
        LevelDbReader(five)
