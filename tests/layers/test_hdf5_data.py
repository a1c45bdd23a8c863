import json

import h5py
import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import DataError, SpecError

ONE_TOP = "layer { name: 'd' type: 'HDF5Data' top: 'data' hdf5_data_param { source: 'SOURCE' batch_size: 2 OPTIONS } }"


@pytest.fixture
def make(tmp_path):
    """Make a net of one HDF5Data layer on new files, each of so many rows, numbered through."""

    def make(*rows, batch_size=2, options="", shape=(), seed=0):
        first = 0
        for i, count in enumerate(rows):
            with h5py.File(tmp_path / f"{i}.h5", "w") as file:
                numbers = np.arange(first, first + count, dtype=np.float64)
                file["data"] = np.broadcast_to(numbers.reshape(-1, *[1] * len(shape)), (count, *shape))
            first += count
        (tmp_path / "list.txt").write_text(" ".join(f"{i}.h5" for i in range(len(rows))))
        text = ONE_TOP.replace("SOURCE", (tmp_path / "list.txt").as_posix()).replace("OPTIONS", options)
        return Net(text.replace("batch_size: 2", f"batch_size: {batch_size}"), "TRAIN", rng=seed)

    return make


def rows(net, batches):
    return [int(row) for _ in range(batches) for row in net.forward()["data"]]


def test_caffes_own_batches(shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    stored = np.load("dataio/hdf5data.npz")
    net = Net(str(stored["prototxt"]), phase=str(stored["phase"]))
    for i in range(len(stored["data"])):
        found = net.forward()
        for name in ("data", "label", "extra"):
            np.testing.assert_array_equal(found[name], stored[name][i], strict=True)


def test_caffes_own_files(data_folder, monkeypatch):
    """Its list names folders that are not there; the files lie beside it. One of them is compressed."""
    folder = data_folder / "caffe_hdf5_samples"
    monkeypatch.chdir(folder)
    tops = "top: 'data' top: 'label' top: 'label2'"
    param = "hdf5_data_param { source: 'sample_data_list.txt' batch_size: 5 }"
    net = Net(f"layer {{ name: 'd' type: 'HDF5Data' {tops} {param} }}")
    for name in ("sample_data.h5", "sample_data_2_gzip.h5"):
        with h5py.File(folder / name) as file:
            for start in (0, 5):
                found = net.forward()
                for top in ("data", "label", "label2"):
                    np.testing.assert_array_equal(found[top], file[top][start : start + 5].astype(np.float32))
    assert [found[top].shape for top in ("data", "label")] == [(5, 8, 6, 5), (5, 1)]


def test_rows_in_order_files_in_order_and_around(make):
    assert rows(make(3, 1, 2), 7) == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1]
    assert rows(make(3, batch_size=7), 1) == [0, 1, 2, 0, 1, 2, 0]


def test_any_number_of_axes(make):
    assert make(3).forward()["data"].shape == (2,)
    assert make(3, shape=(2, 1, 3, 1, 2)).forward()["data"].shape == (2, 2, 1, 3, 1, 2)


def test_shuffling_goes_through_all_rows_of_a_file_then_of_another(make):
    net = make(4, 6, batch_size=10, options="shuffle: true")
    epochs = [rows(net, 1) for _ in range(12)]
    for epoch in epochs:
        first = 4 if epoch[0] < 4 else 6
        assert {*map(frozenset, (epoch[:first], epoch[first:]))} == {frozenset(range(4)), frozenset(range(4, 10))}
    assert len({tuple(epoch) for epoch in epochs}) == 12
    assert {epoch[0] < 4 for epoch in epochs} == {True, False}
    net = make(4, 6, batch_size=10, options="shuffle: true")
    assert rows(net, 1) == epochs[0]


def test_files_of_one_length_are_not_shuffled_alike(make):
    epoch = rows(make(8, 8, batch_size=16, options="shuffle: true"), 1)
    assert [row % 8 for row in epoch[:8]] != [row % 8 for row in epoch[8:]]


@pytest.mark.parametrize("options", ["", "shuffle: true"])
@pytest.mark.parametrize("done", [0, 1, 4, 9])
def test_what_follows_a_state_is_what_followed_it_then(make, options, done):
    net = make(3, 5, 2, options=options)
    rows(net, done)
    state = json.loads(json.dumps(net.layers[0].state()))
    expected = rows(net, 15)
    other = make(3, 5, 2, options=options, seed=9)
    rows(other, 3)
    other.layers[0].restore(state)
    assert rows(other, 15) == expected
    net.layers[0].restore(state)
    assert rows(net, 15) == expected


def test_a_state_of_other_files(make):
    net = make(3, 5)
    state = net.layers[0].state()
    with pytest.raises(DataError, match="expected a place in a list of 2 files, found file 2"):
        net.layers[0].restore({**state, "file": 2})
    with pytest.raises(DataError, match=r"0\.h5: expected a place in 3 items, found row 3"):
        net.layers[0].restore({**state, "row": 3})


def test_nothing_is_transformed():
    with pytest.raises(SpecError, match="HDF5Data does not transform its data: take `transform_param` out"):
        make_layer("HDF5Data", spec="hdf5_data_param { source: 'x' batch_size: 1 } transform_param { scale: 2 }")


@pytest.mark.parametrize(("given", "missing"), [("batch_size: 1", "source"), ("source: 'x'", "batch_size")])
def test_what_must_be_said(given, missing):
    with pytest.raises(SpecError, match=f"`{missing}` is needed in `hdf5_data_param` and is not set"):
        make_layer("HDF5Data", spec=f"hdf5_data_param {{ {given} }}")


def test_a_list_that_is_not_there():
    with pytest.raises(DataError, match=r"no such file: nowhere\.txt"):
        make_layer("HDF5Data", spec="hdf5_data_param { source: 'nowhere.txt' batch_size: 1 }")


def test_a_later_file_of_other_items(make, tmp_path):
    net = make(2, 2)
    with h5py.File(tmp_path / "1.h5", "w") as file:
        file["data"] = np.zeros((2, 3))
    words = r"1\.h5: expected items of shapes \[\(\)\], as before, found \[\(3,\)\]"
    for _ in range(2):  # a forward that failed has taken nothing
        with pytest.raises(DataError, match=words):
            net.forward()
    (tmp_path / "1.h5").unlink()
    with pytest.raises(DataError, match=r"no such HDF5 file: .*1\.h5"):
        net.forward()


def test_a_damaged_file_midway_is_named(make, tmp_path):
    net = make(3, 3)
    (tmp_path / "1.h5").write_bytes((tmp_path / "1.h5").read_bytes()[:900])
    assert rows(net, 1) == [0, 1]
    with pytest.raises(DataError, match=r"1\.h5 is damaged or no HDF5 \(OSError: .*truncated"):
        net.forward()


def test_the_first_file_is_read_at_once_and_the_list_is_named(make, tmp_path):
    make(2)
    (tmp_path / "0.h5").write_text("no HDF5")
    text = ONE_TOP.replace("SOURCE", (tmp_path / "list.txt").as_posix()).replace("OPTIONS", "")
    with pytest.raises(DataError, match=r"0\.h5 is damaged or no HDF5") as caught:
        Net(text)
    assert "list.txt" in caught.value.one_line()
