import h5py
import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "made" / "out.h5"


def output(path, data, label, **keywords):
    return make_layer("HDF5Output", data, label, spec=f'hdf5_output_param {{ file_name: "{path.as_posix()}" }}',
                      tops=0, **keywords)  # fmt: skip


def read(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}


def test_the_file_is_caffes(shared, path):
    output(path, [[1, 2, 3], [4, 5, 6]], [7, 8], dtype=np.float32).forward()
    ours, caffes = read(path), read(shared / "oracle/dataio/hdf5output.h5")
    assert ours.keys() == caffes.keys()
    for name, values in caffes.items():
        np.testing.assert_array_equal(ours[name], values, strict=True)


def test_further_batches_are_added(path):
    trial = output(path, [[1, 2, 3], [4, 5, 6]], [7, 8])
    for n in (2, 0, 1):
        trial.bottom[0].reshape(n, 3)
        trial.bottom[1].reshape(n)
        trial.bottom[0].data, trial.bottom[1].data = np.full((n, 3), n), np.full(n, 10 * n)
        trial.forward()
        assert read(path)["data"].shape[1:] == (3, 1, 1)  # the file is closed after each
    assert read(path)["data"][:, 0, 0, 0].tolist() == [2, 2, 1]
    assert read(path)["label"].ravel().tolist() == [20, 20, 10]


def test_a_file_that_was_there_stays_until_the_first_batch_and_is_then_replaced(path):
    output(path, [[1.0]], [2.0]).forward()
    trial = output(path, [[3.0]], [4.0])
    assert read(path)["data"].item() == 1
    trial.forward()
    assert read(path)["data"].item() == 3
    assert [p.name for p in path.parent.iterdir()] == ["out.h5"]  # nothing else is left there


def test_in_a_net_nothing_comes_back(path):
    net = Net(
        f"""
        force_backward: true
        layer {{ name: "x" type: "Input" top: "x" top: "t" input_param {{ shape {{ dim: 2 }} }} }}
        layer {{ name: "p" type: "Power" bottom: "x" top: "y" power_param {{ scale: 3 }} }}
        layer {{ name: "h" type: "HDF5Output" bottom: "y" bottom: "t"
          hdf5_output_param {{ file_name: "{path.as_posix()}" }} }}
        layer {{ name: "s" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }}
        """,
        "TRAIN",
    )
    assert net.outputs == ["loss"]
    net.forward(x=[1, 2], t=[3, 4])
    net.backward()
    assert net.blobs["x"].diff.tolist() == [3, 3]
    assert read(path)["data"].ravel().tolist() == [3, 6]


def test_items_of_another_shape(path):
    trial = output(path, [[1.0, 2]], [2.0])
    trial.forward()
    trial.bottom[0].reshape(1, 3)
    with pytest.raises(ShapeError, match=r"expected items of shape \(2, 1, 1\), as .*out.h5 has them in 'data', found"):
        trial.forward()
    assert read(path)["label"].size == 1  # neither data set has grown


@pytest.mark.parametrize(
    ("data", "label", "says"),
    [
        ((2, 3), (3,), r"expected as many items of data as of label, found \(2, 3\) and \(3,\)"),
        ((1, 1, 1, 1, 1), (1,), r"expected at most 4 axes, which is how the file keeps them, found \(1, 1, 1, 1, 1\)"),
    ],
)
def test_shapes_that_do_not_fit(path, data, label, says):
    with pytest.raises(ShapeError, match=says):
        output(path, np.zeros(data), np.zeros(label))


def test_what_must_be_said():
    with pytest.raises(SpecError, match="`file_name` is needed in `hdf5_output_param` and is not set"):
        make_layer("HDF5Output", [1.0], [1.0], tops=0)


def test_two_bottoms(path):
    with pytest.raises(NetError, match="expected 2 bottoms, found 1"):
        make_layer("HDF5Output", [1.0], spec='hdf5_output_param { file_name: "x" }', tops=0)
