import numpy as np
import pytest

from cafe_edu import Net, Solver
from cafe_edu.drawing import draw_gradient_flow, draw_update_ratios, new_picture
from cafe_edu.errors import NetError
from cafe_edu.measures.gradients import gradient_flow, update_ratios

SPEC = """
name: "slope"
layer { name: "x" type: "DummyData" top: "x" top: "label" dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 }
  data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param {
  num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "c" type: "InnerProduct" bottom: "a" top: "c" inner_product_param {
  num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "c" bottom: "label" top: "loss" }
"""


@pytest.fixture
def net():
    net = Net(SPEC, "TRAIN", rng=0)
    net.forward()
    net.backward()
    return net


def lines(axes):
    return {line.get_label(): line.get_xydata() for line in axes.get_lines()}


def rows(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_gradient_flow(net):
    figure = draw_gradient_flow(net)
    blobs, params = figure.get_axes()
    assert rows(blobs) == ["a", "c"]
    assert rows(params) == ["a[0]", "a[1]", "c[0]", "c[1]"]
    found = {row.name: row for row in gradient_flow(net)}
    assert lines(params)["norm of all"].tolist() == [[found[name].norm, i] for i, name in enumerate(rows(params))]
    assert lines(blobs)["median size"].tolist() == [[found[name].middle, i] for i, name in enumerate(rows(blobs))]
    (bars,) = blobs.collections
    assert bars.get_segments()[0].tolist() == [[found["a"].low, 0], [found["a"].high, 0]]
    assert blobs.get_xscale() == params.get_xscale() == "log"
    assert params.get_xlim()[0] < min(row.low for row in found.values() if row.is_param)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "10 to 90 % of sizes", "median size", "norm of all",
    ]  # fmt: skip


def test_a_gradient_of_zeros_is_said(net):
    net.params["a"][1].diff[...] = 0
    _, params = draw_gradient_flow(net).get_axes()
    assert [(text.get_text(), text.get_position()[1]) for text in params.texts] == [("all zero", 1)]
    assert len(lines(params)["norm of all"]) == 3


def test_a_gradient_that_is_no_number_is_said(net):
    net.params["a"][0].diff[0] = np.nan
    _, params = draw_gradient_flow(net).get_axes()
    assert [(text.get_text(), text.get_position()[1]) for text in params.texts] == [("3 nan or infinite", 0)]


@pytest.fixture
def solver():
    solver = Solver('base_lr: 0.1 lr_policy: "fixed" random_seed: 2', net_param=Net(SPEC, "TRAIN").spec)
    solver.step(1)
    return solver


def test_update_ratios(solver):
    figure = draw_update_ratios(solver)
    (axes,) = figure.get_axes()
    found = [row.ratio for row in update_ratios(solver)]
    assert rows(axes) == ["a[0]", "a[1]", "c[0]", "c[1]"]
    drawn = lines(axes)
    assert drawn["weights"].tolist() == [[found[0], 0], [found[2], 2]]
    assert drawn["biases and other rows of numbers"].tolist() == [[found[1], 1], [found[3], 3]]
    assert drawn["1e-3, the rule of thumb"][:, 0].tolist() == [1e-3, 1e-3]
    assert axes.get_xlim()[0] < 1e-3 < axes.get_xlim()[1]
    assert axes.get_title() == "slope, iteration 1: how large the steps are"


def test_parameters_without_update_or_without_size_are_said(solver):
    solver.net.params["a"][0].diff[...] = 0
    solver.net.params["c"][1].data[...] = 0
    (axes,) = draw_update_ratios(solver).get_axes()
    assert [text.get_text() for text in axes.texts] == ["no update", "all weights are zero"]
    assert np.array_equal(lines(axes)["weights"][:, 1], [2])


def test_an_update_that_is_no_number_is_said(solver):
    solver.net.params["a"][0].diff[0] = np.nan
    (axes,) = draw_update_ratios(solver).get_axes()
    assert [text.get_text() for text in axes.texts] == ["nan or infinite"]


def test_each_is_drawn_where_it_is_told(net, solver):
    left, right = new_picture().subfigures(1, 2)
    assert draw_gradient_flow(net, left) is left
    assert draw_update_ratios(solver, right) is right


def test_errors_come_through():
    with pytest.raises(NetError, match="no gradients yet"):
        draw_gradient_flow(Net(SPEC, "TRAIN"))
