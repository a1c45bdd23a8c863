"""snapshots.py: where snapshots go, and states in every format, ours and Caffe's, that a training goes on from."""

import os
import stat

import h5py
import numpy as np
import pytest

from cafe_edu import Solver, snapshots
from cafe_edu.caffemodel import read_state, read_weights
from cafe_edu.errors import DataError
from cafe_edu.proto import caffe_pb2

# Names and folders of snapshots are tested with the solver, in test_solver.py.

LINE = """
net_param { layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 dim: 1 }
  data_filler { type: "constant" value: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1 inner_product_param { num_output: 1 } } }
base_lr: 0.5 lr_policy: "fixed" max_iter: 1
"""


def test_a_place_that_cannot_be(tmp_path):
    """It is said before the training, not after it."""
    (tmp_path / "file").touch()
    solver = Solver(LINE, snapshot_prefix=str(tmp_path / "file" / "x"))
    with pytest.raises(DataError) as caught:
        solver.solve()
    file = tmp_path / "file"
    assert str(caught.value) == f"snapshots cannot be written to {file}/x_iter_...: {file} is a file, not a folder"
    assert solver.iter == 0
    Solver(LINE, snapshot_prefix=str(tmp_path / "file" / "x"), snapshot_after_train=False).solve()  # none is written


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="rights are Unix's, and root has them all")
def test_a_place_that_is_not_ours(tmp_path):
    (tmp_path / "theirs").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(DataError, match="is not yours to write in"):
        snapshots.check_place(tmp_path / "theirs" / "new" / "x")


def test_folders_that_are_not_there_yet_are_fine(tmp_path):
    Solver(LINE, snapshot_prefix=str(tmp_path / "a" / "b" / "x")).solve()
    assert (tmp_path / "a" / "b" / "x_iter_1.solverstate").is_file()


# ---- the tiny LeNet of real Caffe ----


def everything(solver):
    blobs = [param.blob.data for param in solver.net.learnable]
    return [array.tobytes() for array in [*blobs, *(h for arrays in solver.history for h in arrays)]]


@pytest.fixture
def oracle(shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    return shared / "oracle"


def resumed(ending, tmp_path, steps=0, **changes):
    """Our solver, gone on from Caffe's state of iteration 150."""
    solver = Solver("lenet/lenet_tiny_resume_solver.prototxt", snapshot_prefix=tmp_path / "r", display=0, **changes)
    solver.restore(f"lenet/lenet_tiny_iter_150.solverstate{ending}")
    solver.step(steps)
    return solver


@pytest.mark.parametrize("ending", ["", ".h5"])
def test_what_caffes_state_says_is_what_the_solver_has(ending, oracle, tmp_path):
    solver = resumed(ending, tmp_path)
    with h5py.File("lenet/lenet_tiny_iter_150.solverstate.h5") as file:
        history = [file[f"history/{i}"][()] for i in range(len(file["history"]))]
        assert (solver.iter, solver.current_step) == (file["iter"][0], file["current_step"][0])
    assert len(history) == len(solver.net.learnable) == 8
    for mine, caffes in zip(solver.history[0], history, strict=True):
        np.testing.assert_array_equal(mine, caffes)
    message = caffe_pb2.NetParameter.FromString((oracle / "lenet" / "lenet_tiny_iter_150.caffemodel").read_bytes())
    for layer in message.layer:
        for blob, mine in zip(layer.blobs, solver.net.params.get(layer.name, ()), strict=True):
            np.testing.assert_array_equal(mine.data.ravel(), np.float32(blob.data))


def messages(path):
    """A binary state, its numbers apart: message without them, arrays."""
    state = caffe_pb2.SolverState.FromString(path.read_bytes())
    arrays = [np.float32(blob.data) for blob in state.history]
    for blob in state.history:
        blob.ClearField("data")
    state.learned_net = state.learned_net.rpartition("/")[2].replace("r_iter", "lenet_tiny_iter")
    return state, arrays


@pytest.mark.parametrize("ending", ["", ".h5"])
def test_a_snapshot_taken_at_once_is_caffes(ending, oracle, tmp_path):
    """The same message, field for field; the same HDF5, data set for data set."""
    solver = resumed(ending, tmp_path, snapshot_format="HDF5" if ending else "BINARYPROTO")
    model, state = solver.snapshot()
    for mine in (model, state):
        caffes = oracle / "lenet" / f"lenet_tiny_iter_150.{mine.name.split('.', 1)[1]}"
        if ending:
            with h5py.File(mine) as one, h5py.File(caffes) as other:
                names = [[], []]
                for file, found in zip((one, other), names, strict=True):
                    file.visit(found.append)
                assert names[0] == names[1]
                for name in names[0]:
                    if hasattr(one[name], "dtype") and name != "learned_net":
                        assert (one[name].dtype, one[name].shape) == (other[name].dtype, other[name].shape)
                        np.testing.assert_array_equal(one[name][()], other[name][()])
        elif mine == state:
            (ours, found), (theirs, expected) = messages(mine), messages(caffes)
            assert ours == theirs
            for array, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(array, other)
        else:
            for arrays, others in zip(read_weights(mine).values(), read_weights(caffes).values(), strict=True):
                for array, other in zip(arrays, others, strict=True):
                    np.testing.assert_array_equal(array, other)


def test_from_either_format_the_training_goes_on_alike(oracle, tmp_path):
    one, other = (resumed(ending, tmp_path, steps=3, test_iter=[]) for ending in ("", ".h5"))
    assert everything(one) == everything(other)


@pytest.mark.slow
def test_gone_on_from_caffes_hdf5_it_ends_where_caffe_did(oracle, tmp_path):
    solver = resumed(".h5", tmp_path, steps=150, test_iter=[])
    _, state = solver.snapshot()
    (ours, found), (theirs, expected) = (
        messages(state),
        messages(oracle / "lenet" / "lenet_tiny_resumed_iter_300.solverstate"),
    )
    theirs.learned_net = ours.learned_net
    assert ours == theirs
    for mine, caffes in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, caffes, rtol=0, atol=1e-4 * abs(caffes).max())
    assert read_state(state).iter == 300
