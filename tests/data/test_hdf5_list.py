import h5py
import numpy as np
import pytest

from cafe_edu.data.hdf5_list import read_hdf5, read_hdf5_list
from cafe_edu.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(name="a.h5", **datasets):
        with h5py.File(tmp_path / name, "w") as file:
            for key, value in datasets.items():
                file[key] = value
        return tmp_path / name

    return write


def test_names_are_words(tmp_path, write):
    paths = [write("a.h5"), write("b.h5"), write("c.h5")]
    (tmp_path / "list.txt").write_text(" a.h5\tb.h5\r\n\nc.h5")
    assert read_hdf5_list(tmp_path / "list.txt") == paths


def test_where_names_are_looked_for(tmp_path, write, monkeypatch):
    for folder in ("here", "prototxt", "list", "list/deep"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "list/list.txt").write_text("deep/a.h5")
    places = [write("list/a.h5"), write("list/deep/a.h5")]
    for folder in ("prototxt", "here"):
        (tmp_path / folder / "deep").mkdir()
        places.append(write(f"{folder}/deep/a.h5"))
    for place in reversed(places):  # the best first
        (found,) = read_hdf5_list(tmp_path / "list/list.txt", tmp_path / "prototxt")
        assert found.resolve() == place
        place.unlink()
    with pytest.raises(DataError, match=r"no such file: deep/a\.h5 \(looked for .*here/deep/a\.h5 and .*list/deep/a"):
        read_hdf5_list(tmp_path / "list/list.txt", tmp_path / "prototxt")


def test_an_empty_list(tmp_path):
    (tmp_path / "list.txt").write_text(" \n")
    with pytest.raises(DataError, match=r"list\.txt: expected names of HDF5 files, found none"):
        read_hdf5_list(tmp_path / "list.txt")


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", "i1", "u1", "i8", ">i2"])
def test_numbers_become_float32(write, kind):
    (found,) = read_hdf5(write(data=np.arange(6).astype(kind).reshape(3, 2)), ["data"])
    np.testing.assert_array_equal(found, np.arange(6, dtype=np.float32).reshape(3, 2), strict=True)


def test_datasets_in_the_order_asked_for(write):
    found = read_hdf5(write(a=[1, 2], b=[3, 4]), ["b", "a"])
    assert [array.tolist() for array in found] == [[3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([b"a", b"b"]), r"expected numbers in 'data', found \|S1"),
        (["a", "b"], "expected numbers in 'data', found object"),
        ([True, False], "expected numbers in 'data', found bool"),
        ([1 + 2j], "expected numbers in 'data', found complex128"),
        (3.0, r"expected items along axis 0 of 'data', found shape \(\)"),
        (np.zeros((0, 3)), r"expected items along axis 0 of 'data', found shape \(0, 3\)"),
        (np.zeros((3, 0)), r"expected items along axis 0 of 'data', found shape \(3, 0\)"),
        (h5py.Empty("f4"), "expected items along axis 0 of 'data', found shape None"),
    ],
)
def test_what_is_no_array_of_numbers(write, value, words):
    with pytest.raises(DataError, match=rf"a\.h5.*{words}"):
        read_hdf5(write(data=value), ["data"])


def test_a_dataset_that_is_not_there(write):
    with pytest.raises(DataError, match=r"a\.h5: expected a dataset 'c' \(the name of a top\), found 'a', 'b'"):
        read_hdf5(write(a=[1], b=[2]), ["c"])
    with pytest.raises(DataError, match=r"found nothing"):
        read_hdf5(write(), ["c"])


def test_a_group(write):
    path = write(**{"a/b": [1]})
    with pytest.raises(DataError, match=r"a\.h5: expected a dataset 'a', found a group"):
        read_hdf5(path, ["a"])


def test_lengths_must_agree(write):
    with pytest.raises(DataError, match=r"a\.h5: expected as many items in 'b' as in 'a', found 3 and 2"):
        read_hdf5(write(a=[1, 2], b=[1, 2, 3]), ["a", "b"])


def test_a_size_that_no_file_of_this_size_holds(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", (10**9, 1000), "f8", chunks=(1, 1000))
    with pytest.raises(DataError, match=r"a\.h5 is damaged: 'data' \(1000000000, 1000\) cannot fit in a file"):
        read_hdf5(tmp_path / "a.h5", ["data"])


def test_what_compresses_very_well_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", data=np.zeros((3000, 1000), "f4"), compression="gzip", compression_opts=9)
    assert read_hdf5(tmp_path / "a.h5", ["data"])[0].shape == (3000, 1000)


def test_no_file_and_no_hdf5(tmp_path):
    with pytest.raises(DataError, match=r"no such HDF5 file: .*nowhere\.h5"):
        read_hdf5(tmp_path / "nowhere.h5", ["data"])
    (tmp_path / "a.h5").write_bytes(b"hello" * 1000)
    with pytest.raises(DataError, match=r"a\.h5 is damaged or no HDF5 \(OSError: .*file signature not found"):
        read_hdf5(tmp_path / "a.h5", ["data"])
