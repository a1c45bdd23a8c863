"""LeNet learns on the device what it learns on the CPU: nets, solvers, blobs, files."""

import pathlib

import numpy as np
import pytest

import cafe_edu
from cafe_edu import Blob, Net, Solver, prototxt
from cafe_edu.data.digits import read_digits
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.device import module_of, to_numpy
from cafe_edu.drawing import draw_activations, draw_filters
from cafe_edu.errors import ShapeError
from cafe_edu.proto import caffe_pb2
from cafe_edu.testing import strict_cupy
from cafe_edu.testing.strict_array import StrictArray

ZOO = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet"
RULES = {"SGD": 0.9, "Nesterov": 0.9, "AdaGrad": 0, "RMSProp": 0, "AdaDelta": 0.95, "Adam": 0.9}  # with their momentum


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A database of 16 of the digits that come with the package."""
    x, t, _, _ = read_digits()
    path = tmp_path_factory.mktemp("digits") / "digits_lmdb"
    write_lmdb(path, zip(x[:16], t[:16].tolist(), strict=True))
    return path


def lenet(digits, device, folder=None, **changes):
    """LeNet as shipped, on few digits, with its solver."""
    net = prototxt.read_net(ZOO / "lenet_train_test.prototxt")
    for layer in net.layer[:2]:
        layer.data_param.source, layer.data_param.batch_size = str(digits), 8
    spec = prototxt.read_solver(ZOO / "lenet_solver.prototxt")
    spec.ClearField("net")
    spec.net_param.CopyFrom(net)
    mode = getattr(caffe_pb2.SolverParameter, {"cpu": "CPU", "gpu": "GPU"}[device])
    changes = {"test_iter": [2], "test_interval": 2, "snapshot_prefix": folder or digits.parent / "lenet", **changes}
    changes = {"engine": "plain", **changes}  # devices are compared, not the rounding of two engines
    return Solver(spec, solver_mode=mode, **changes)


def losses(solver):
    return [entry["loss"] for entry in solver.train_record]


def weights(solver):
    return [to_numpy(param.blob.data) for param in solver.net.learnable]


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=() if rule in ("SGD", "Adam") else pytest.mark.slow) for rule in RULES]
)
def test_every_rule_learns_the_same(digits, device, rule):
    changes = {"type": rule, "momentum": RULES[rule], "clip_gradients": 1.0, "iter_size": 2}
    one, other = lenet(digits, device, **changes), lenet(digits, "cpu", **changes)
    assert one.net.xp is module_of(device)
    one.step(3), other.step(3)
    np.testing.assert_allclose(losses(one), losses(other), rtol=1e-4)
    assert losses(one)[0] != losses(one)[1]
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)
    assert one.test_record[0]["accuracy"] == pytest.approx(other.test_record[0]["accuracy"])


def test_the_other_kind_of_decay(digits, device):
    changes = {"regularization_type": "L1", "weight_decay": 0.05}
    one, other = lenet(digits, device, **changes), lenet(digits, "cpu", **changes)
    one.step(2), other.step(2)
    np.testing.assert_allclose(losses(one), losses(other), rtol=1e-4)


def test_snapshots_and_going_on(digits, device, tmp_path):
    straight = lenet(digits, device, momentum=0.9)
    straight.step(2)
    model, state = straight.snapshot()
    straight.step(2)
    again = lenet(digits, device, momentum=0.9)
    again.restore(state)
    again.step(2)
    np.testing.assert_allclose(losses(again), losses(straight)[2:], rtol=1e-4)
    on_the_cpu = Net(ZOO / "lenet.prototxt", weights=model)
    there = Net(ZOO / "lenet.prototxt", weights=model, device=device)
    x = np.random.default_rng(0).random((2, 1, 28, 28))
    mine, theirs = there.forward(data=x)["prob"], on_the_cpu.forward(data=x)["prob"]
    assert type(mine) is np.ndarray
    np.testing.assert_allclose(mine, theirs, rtol=1e-4)
    there.save(tmp_path / "again.caffemodel", diffs=True)
    assert (tmp_path / "again.caffemodel").stat().st_size > model.stat().st_size


def test_what_looks_at_a_net(device):
    net = Net(ZOO / "lenet.prototxt", device=device, rng=0)
    net.forward(data=np.ones((1, 1, 28, 28)))
    assert "conv1" in repr(net)
    assert "mean" in net.blobs["conv1"]._repr_html_()
    assert np.asarray(net.blobs["prob"]).shape == (1, 10)
    assert draw_filters(net, "conv1") is not None
    assert draw_activations(net, "conv1", 0) is not None


def test_sources_of_numbers(device):
    net = Net(
        """
        layer { name: "p" type: "Parameter" top: "p" parameter_param { shape { dim: 2 dim: 3 } } }
        layer { name: "d" type: "DummyData" top: "a" top: "b" dummy_data_param {
          shape { dim: 2 dim: 3 } data_filler { type: "constant" value: 2 } data_filler { type: "gaussian" } } }
        layer { name: "i" type: "Input" top: "i" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "s" type: "Eltwise" bottom: "p" bottom: "a" bottom: "b" bottom: "i" top: "s" }
        layer { name: "l" type: "Reduction" bottom: "s" top: "l" loss_weight: 1 }
        """,
        device=device,
        rng=1,
    )
    found = net.forward(i=np.arange(6).reshape(2, 3))["l"]
    net.backward()
    drawn = np.asarray(net.blobs["b"])
    assert np.ptp(drawn) > 0
    assert found == pytest.approx(12 + 15 + drawn.sum(), rel=1e-5)
    assert (to_numpy(net.params["p"][0].diff) == 1).all()


def test_a_blob_there(device):
    x = Blob((2, 3), name="x", xp=module_of(device))
    x.data = [[1, 2, 3], [4, 5, 6]]
    x.diff += 0.5
    x.update()
    y = Blob((3, 2), name="y", xp=module_of(device))
    y.share(x)
    x.reshape(1, 2)
    x.data = np.float64([[7, 8]])
    assert np.asarray(y).tolist() == [[7, 8], [2.5, 3.5], [4.5, 5.5]]
    with pytest.raises(ShapeError, match=r"expected data of shape \(1, 2\) for blob 'x', found \(2,\)"):
        x.data = [1, 2]


# what only the stand-in can say --------------------------------------------------------------------------


def test_on_the_stand_in_a_step_is_numpys_to_the_last_bit(digits):
    other = lenet(digits, "cpu", engine="plain")
    other.step(3)
    with strict_cupy():
        one = lenet(digits, "gpu")
        one.step(3)
        assert all(isinstance(param.blob.data, StrictArray) for param in one.net.learnable)
        assert losses(one) == losses(other)
        assert one.test_record == other.test_record
        for mine, theirs in zip(weights(one), weights(other), strict=True):
            assert (mine == theirs).all()


def test_how_often_a_step_waits_for_the_device(digits):
    """The range of the labels is looked at on both ways; the loss is added up, and is an output."""
    with strict_cupy() as gpu:
        solver = lenet(digits, "gpu")
        crossed = []
        for do in (solver.net.forward, solver.net.backward, lambda: solver.apply_update(0.01)):
            gpu.transfers.clear()
            do()
            crossed.append((dict(gpu.transfers.to_host), dict(gpu.transfers.to_device)))
        assert crossed == [
            ({"bool": 1, "float": 1, "get": 1}, {"asarray": 2}),  # the digits and their labels go there
            ({"bool": 1}, {}),
            ({}, {}),
        ]
