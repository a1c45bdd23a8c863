import numpy as np
import pytest

from cafe_edu import Net, Solver
from cafe_edu.errors import NetError
from cafe_edu.measures.gradients import gradient_flow, update_ratios
from cafe_edu.solvers.rule import RULES

SPEC = """
name: "slope"
layer { name: "x" type: "Input" top: "x" top: "label" input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param {
  num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }
layer { name: "still" type: "InnerProduct" bottom: "a" top: "b" param { lr_mult: 0 } param { lr_mult: 0 }
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "c" type: "InnerProduct" bottom: "a" top: "c" inner_product_param {
  num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "sum" type: "Eltwise" bottom: "b" bottom: "c" top: "sum" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "sum" bottom: "label" top: "loss" }
"""


def fed(net):
    net.blobs["x"].data = np.random.default_rng(0).normal(size=(4, 3))
    net.blobs["label"].data = [0, 1, 1, 0]
    return net


@pytest.fixture
def net():
    net = fed(Net(SPEC, "TRAIN", rng=0))
    net.forward()
    net.backward()
    return net


def test_every_blob_and_parameter_that_gets_a_gradient_once(net):
    rows = gradient_flow(net)
    assert [row.name for row in rows] == ["a", "a[0]", "a[1]", "b", "c", "c[0]", "c[1]", "sum"]
    assert [row.name for row in rows if not row.is_param] == ["a", "b", "c", "sum"]
    assert {row.name: row.layer for row in rows}["c[1]"] == "c"


def test_the_numbers_are_those_of_the_diffs(net):
    rows = {row.name: row for row in gradient_flow(net)}
    g = net.params["a"][0].diff.astype(float)
    assert rows["a[0]"].norm == pytest.approx(np.sqrt((g**2).sum()))
    assert rows["a[0]"].zeros == np.mean(g == 0)
    net.blobs["sum"].diff = np.reshape([0, 0, 0, -1, 2, -3, 4, 5], (4, 2))
    row = {row.name: row for row in gradient_flow(net)}["sum"]
    assert (row.low, row.middle, row.high, row.zeros) == (pytest.approx(1.4), 3, pytest.approx(4.6), 3 / 8)
    assert row.norm == pytest.approx(np.sqrt(55))


def test_a_gradient_that_vanishes_shows(net):
    net.params["c"][0].data[...] *= 1e-6
    net.params["still"][0].data[...] *= 1e-6
    net.clear_param_diffs()
    net.forward()
    net.backward()
    rows = {row.name: row for row in gradient_flow(net)}
    assert rows["a[0]"].norm < 1e-5 < rows["c[0]"].norm


def test_no_loss_and_no_way_back():
    lossless = SPEC[: SPEC.index('layer { name: "loss"')]
    with pytest.raises(NetError, match=r"net 'slope' has no loss, .*needs labels and a layer such as SoftmaxWithLoss"):
        gradient_flow(Net(lossless))
    with pytest.raises(NetError, match=r"no gradients yet: call net.forward\(\) and net.backward\(\) first"):
        gradient_flow(Net(SPEC, "TRAIN"))


@pytest.mark.parametrize("engine", ["plain", "fast_cpu"])
@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_update_is_what_the_weights_lost(rule, engine):
    momentum = 0.9 if rule not in ("AdaGrad", "RMSProp") else 0
    text = f'base_lr: 0.1 lr_policy: "fixed" weight_decay: 0.01 momentum: {momentum} type: "{rule}" random_seed: 3'
    solver = Solver(text + " rms_decay: 0.9", net_param=Net(SPEC, "TRAIN").spec, engine=engine)
    fed(solver.net)
    solver.step(2)
    before = [param.blob.data.astype(float) for param in solver.net.learnable]
    solver.step(1)
    rows = update_ratios(solver)
    assert [f"{row.layer}{row.index}" for row in rows] == ["a0", "a1", "still0", "still1", "c0", "c1"]
    for row, param, w in zip(rows, solver.net.learnable, before, strict=True):
        assert row.update == pytest.approx(np.linalg.norm(w - param.blob.data), rel=1e-3, abs=1e-7)
        assert row.weight == pytest.approx(np.linalg.norm(param.blob.data))
    assert rows[2].ratio == 0
    assert np.isnan(rows[3].ratio)


def test_no_update_yet():
    solver = Solver('base_lr: 0.1 lr_policy: "fixed"', net_param=Net(SPEC, "TRAIN").spec)
    with pytest.raises(NetError, match=r"no update yet: call solver.step\(1\) first"):
        update_ratios(solver)
