import multiprocessing
import os
import shutil
import sys
import tempfile

import lmdb
import numpy as np
import pytest

from cafe_edu.data.datum import array_to_datum, datum_to_array
from cafe_edu.data.lmdb_db import LmdbReader, write_lmdb
from cafe_edu.errors import DataError
from cafe_edu.proto.caffe_pb2 import Datum


def pairs(count, side=4):
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 256, (1, side, side), np.uint8), label) for label in range(count)]


@pytest.fixture
def five(tmp_path):
    write_lmdb(tmp_path / "five_lmdb", pairs(5))
    return tmp_path / "five_lmdb"


def labels(reader, count):
    return [reader.next()[1].label for _ in range(count)]


def raw_lmdb(path, records):
    with lmdb.open(str(path), lock=False) as environment, environment.begin(write=True) as transaction:
        for key, value in records:
            transaction.put(key, value)
    return path


def test_what_was_written_is_read(five):
    with LmdbReader(five) as reader:
        assert len(reader) == 5
        found = list(reader)
    assert [key for key, _ in found] == [b"%08d" % i for i in range(5)]
    for (_, datum), (array, label) in zip(found, pairs(5), strict=True):
        np.testing.assert_array_equal(datum_to_array(datum), array)
        assert datum.label == label


def test_the_cursor_wraps_skips_and_rewinds(five):
    with LmdbReader(five) as reader:
        assert labels(reader, 7) == [0, 1, 2, 3, 4, 0, 1]
        reader.skip(4)
        assert reader.peek()[1].label == 1
        assert labels(reader, 1) == [1]
        reader.rewind()
        assert labels(reader, 2) == [0, 1]


def test_iterating_leaves_the_cursor_alone(five):
    with LmdbReader(five) as reader:
        labels(reader, 3)
        assert [datum.label for _, datum in reader] == [0, 1, 2, 3, 4]
        assert labels(reader, 1) == [3]


def test_order_is_that_of_the_keys_as_bytes(tmp_path):
    records = [(key, Datum(label=i).SerializeToString()) for i, key in enumerate([b"10", b"9", b"1", b"010"])]
    with LmdbReader(raw_lmdb(tmp_path / "db", records)) as reader:
        assert [key for key, _ in reader] == [b"010", b"1", b"10", b"9"]


def test_two_readers_in_one_process(five):
    first, second = LmdbReader(five), LmdbReader(str(five) + "/")
    assert labels(first, 2) == [0, 1]
    assert labels(second, 1) == [0]
    first.close()
    first.close()
    assert labels(second, 5) == [1, 2, 3, 4, 0]
    second.close()


def test_a_closed_database_can_be_made_anew(five, tmp_path):
    with LmdbReader(five):
        pass
    os.rename(five, tmp_path / "old")
    write_lmdb(five, pairs(2))
    with LmdbReader(five) as reader, LmdbReader(tmp_path / "old") as old:
        assert (len(reader), len(old)) == (2, 5)


def read_labels(path, queue):
    with LmdbReader(path) as reader:
        queue.put(labels(reader, 6))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # pytest-xdist's thread
def test_two_processes_read_at_once(five):
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    with LmdbReader(five) as reader:
        child = context.Process(target=read_labels, args=(five, queue))
        child.start()
        assert labels(reader, 3) == [0, 1, 2]
        child.join()
        assert child.exitcode == 0
        assert queue.get() == [0, 1, 2, 3, 4, 0]
        assert labels(reader, 1) == [3]


def test_a_read_only_folder_stays_as_it_is(five):
    (five / "data.mdb").chmod(0o444)
    five.chmod(0o555)
    try:
        with LmdbReader(five) as reader:
            assert labels(reader, 1) == [0]
        assert os.listdir(five) == ["data.mdb"]
    finally:
        five.chmod(0o755)


def test_caffes_own_database(shared):
    images = np.load(shared / "oracle/data/digits_images.npz")
    with LmdbReader(shared / "oracle/data/digits_train_lmdb") as reader:
        found = [(datum_to_array(datum)[0], datum.label) for _, datum in reader]
        assert reader.peek()[0] == b"00000000_train_0000.png"
    np.testing.assert_array_equal([x for x, _ in found], images["train"])
    np.testing.assert_array_equal([y for _, y in found], images["train_label"])


def test_the_map_grows_by_itself(tmp_path):
    big = [(np.full((1, 1000, 1000), i, np.uint8), i) for i in range(30)]  # 30 MB; the map begins at 10
    write_lmdb(tmp_path / "big", iter(big))
    with LmdbReader(tmp_path / "big") as reader:
        assert [int(datum_to_array(datum)[0, 0, 0]) for _, datum in reader] == list(range(30))


def test_more_records_than_one_transaction_holds(tmp_path):
    write_lmdb(tmp_path / "db", pairs(2500, side=1))
    with LmdbReader(tmp_path / "db") as reader:
        assert [datum.label for _, datum in reader] == list(range(2500))


def test_ready_datums_are_written_as_they_are(tmp_path):
    write_lmdb(tmp_path / "db", [Datum(encoded=True, data=b"picture", label=4)])
    with LmdbReader(tmp_path / "db") as reader:
        assert reader.next() == (b"00000000", Datum(encoded=True, data=b"picture", label=4))


def test_the_progress_bar_counts(tmp_path, capsys):
    write_lmdb(tmp_path / "db", pairs(3), progress=True)
    assert "writing db: 100%" in capsys.readouterr().err


def test_nothing_is_overwritten(five):
    with pytest.raises(
        DataError, match="five_lmdb is there already: delete it first, or choose another name"
    ):
        write_lmdb(five, pairs(1))
    with LmdbReader(five) as reader:
        assert len(reader) == 5


def test_an_empty_folder_is_not_overwritten_either(tmp_path):
    (tmp_path / "db").mkdir()
    with pytest.raises(DataError, match="is there already"):
        write_lmdb(tmp_path / "db", pairs(1))


def test_of_two_writers_the_first_wins(tmp_path):
    def slow():
        yield from pairs(2)
        write_lmdb(tmp_path / "db", pairs(3))

    with pytest.raises(DataError, match="is there already"):
        write_lmdb(tmp_path / "db", slow())
    with LmdbReader(tmp_path / "db") as reader:
        assert len(reader) == 3
    assert os.listdir(tmp_path) == ["db"]


def test_a_failure_leaves_nothing(tmp_path):
    def broken():
        yield from pairs(1500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lmdb(tmp_path / "db", broken())
    assert os.listdir(tmp_path) == []


def test_nothing_to_write(tmp_path):
    with pytest.raises(DataError, match="nothing to write: expected at least one"):
        write_lmdb(tmp_path / "db", [])
    assert os.listdir(tmp_path) == []


def test_no_such_path(tmp_path):
    with pytest.raises(DataError, match=r"no such LMDB: .*nowhere \(looked for /"):
        LmdbReader(tmp_path / "nowhere")


def test_a_file_is_no_lmdb(tmp_path):
    (tmp_path / "db").write_text("hello")
    with pytest.raises(DataError, match=r"expected an LMDB \(a folder with data.mdb\), found a file"):
        LmdbReader(tmp_path / "db")


def test_an_empty_folder_is_no_lmdb(tmp_path):
    with pytest.raises(DataError, match=r"expected an LMDB .*, found a folder without data.mdb"):
        LmdbReader(tmp_path)


def test_a_leveldb_is_named_as_such(shared):
    with pytest.raises(DataError, match="found a LevelDB"):
        LmdbReader(shared / "oracle/data/digits_small_leveldb")


@pytest.mark.parametrize("content", [b"", b"hello" * 5000, bytes(8192)])
def test_a_data_file_that_is_none(tmp_path, content):
    (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(DataError, match=r"expected an LMDB, found a damaged data.mdb"):
        LmdbReader(tmp_path)


def test_a_data_file_cut_short(tmp_path):
    write_lmdb(tmp_path / "db", pairs(1000))
    content = (tmp_path / "db" / "data.mdb").read_bytes()
    (tmp_path / "db" / "data.mdb").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"data.mdb is cut short: expected [\d,]+ bytes, found [\d,]+"):
        LmdbReader(tmp_path / "db")


def test_an_empty_database(tmp_path):
    with pytest.raises(DataError, match="expected an LMDB with records, found an empty one"):
        LmdbReader(raw_lmdb(tmp_path / "db", []))


def test_a_record_that_is_no_datum(tmp_path):
    reader = LmdbReader(raw_lmdb(tmp_path / "db", [(b"one", b"rubbish")]))
    with pytest.raises(DataError, match=r"db, record 'one': expected a Datum, found 7 bytes"):
        reader.next()
    with pytest.raises(DataError, match=r"db, record 'one': expected a Datum, found 7 bytes"):
        list(reader)
    reader.close()


def test_a_database_that_others_have_open(five):
    environment = lmdb.open(str(five), readonly=True, lock=False)
    with LmdbReader(five) as reader:
        assert len(reader) == 5
    environment.close()
    with LmdbReader(five) as reader:
        assert len(reader) == 5


def test_what_was_written_by_hand_and_not_closed(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    environment = lmdb.open(str(tmp_path / "db"))
    with environment.begin(write=True) as transaction:
        transaction.put(b"1", array_to_datum(np.ones((1, 2, 2), np.uint8), 7).SerializeToString())
    reader = LmdbReader(tmp_path / "db")
    assert f"{tmp_path / 'db'} is open elsewhere in this program: a copy is read" in caplog.text
    with environment.begin(write=True) as transaction:
        transaction.put(b"2", array_to_datum(np.ones((1, 2, 2), np.uint8), 8).SerializeToString())
    assert [reader.next()[1].label for _ in range(2)] == [7, 7]
    with LmdbReader(tmp_path / "db") as now:
        assert [now.next()[1].label for _ in range(2)] == [7, 8]
    reader.close()
    assert [*(tmp_path / "temporary").iterdir()] == []
    environment.close()


def test_no_room_for_a_copy(five, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "copyfile", full)
    environment = lmdb.open(str(five), readonly=True, lock=False)
    with pytest.raises(DataError) as caught:
        LmdbReader(five)
    environment.close()
    assert str(caught.value) == (
        f"{five} is open elsewhere in this program: close it there; a copy could not be made (No space left on device)"
    )
    assert [*tmp_path.iterdir()] == [five]


def test_damage_inside_is_found_while_reading(tmp_path):
    write_lmdb(tmp_path / "db", pairs(1000, side=28))
    content = bytearray((tmp_path / "db" / "data.mdb").read_bytes())
    rng = np.random.default_rng(0)
    content[20 * 4096 : 21 * 4096] = rng.bytes(4096)
    (tmp_path / "db" / "data.mdb").write_bytes(content)
    reader = LmdbReader(tmp_path / "db")
    with pytest.raises(DataError, match=r"db: data.mdb is damaged \(.*\); copy or make it again"):
        list(reader)
    with pytest.raises(DataError, match=r"db: data.mdb is damaged"):
        reader.skip(1000)
    reader.close()
