import time

import numpy as np
import pytest

from cafe_edu import Layer, Net
from cafe_edu.errors import NetError, SpecError
from cafe_edu.profiling import profile

NET = """
name: "small"
layer { name: "x" type: "DummyData" top: "x" top: "label" dummy_data_param {
  shape { dim: 4 dim: 3 } shape { dim: 4 } data_filler { type: "uniform" } data_filler { type: "constant" } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 5
  weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""


class Slow(Layer):
    """A layer that takes as long as one says."""

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        until = time.perf_counter() + 0.02
        while time.perf_counter() < until:
            pass

    def backward(self, top, propagate_down, bottom):
        until = time.perf_counter() + 0.01
        while time.perf_counter() < until:
            pass


def test_each_layer_is_measured_as_often_as_asked():
    seen = []
    records = profile(Net(NET, "TRAIN", rng=0), 3, each=lambda number, ms: seen.append((number, ms > 0)))
    assert [(r.name, r.type) for r in records] == [
        ("x", "DummyData"), ("ip", "InnerProduct"), ("relu", "ReLU"), ("loss", "SoftmaxWithLoss"),
    ]  # fmt: skip
    assert [len(r.forward) for r in records] == [3] * 4
    assert [len(r.backward) for r in records] == [0, 3, 3, 3]  # data have no way back
    assert seen == [(0, True), (1, True), (2, True)]


def test_a_slow_layer_is_found():
    spec = NET.replace('"relu" type: "ReLU" bottom: "y" top: "y"', '"slow" type: "Slow" bottom: "y" top: "z"')
    spec = spec.replace('"SoftmaxWithLoss" bottom: "y"', '"SoftmaxWithLoss" bottom: "z"')
    records = {r.name: r for r in profile(Net(spec, "TRAIN", rng=0, layers={"Slow": Slow}), 2)}
    assert records["slow"].mean("forward") >= 20
    assert records["slow"].median("backward") >= 10
    assert max(records, key=lambda name: records[name].mean("forward")) == "slow"


def test_bytes_worked_by_hand():
    ip, relu, loss = profile(Net(NET, "TRAIN", rng=0), 1)[1:]
    assert (ip.data_bytes, ip.diff_bytes) == (4 * 5 * 4, 4 * 5 * 4)  # 4 items of 5 float32
    assert ip.param_bytes == 2 * 4 * (5 * 3 + 5)  # data and diff of weight and bias
    assert (relu.data_bytes, relu.diff_bytes, relu.param_bytes) == (0, 0, 0)  # in place
    assert loss.data_bytes == 4


def test_shared_memory_is_counted_once():
    spec = """
    layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 3 } } }
    layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } param { name: "b" }
      inner_product_param { num_output: 3 } }
    layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" param { name: "w" } param { name: "b" }
      inner_product_param { num_output: 3 } }
    """
    _, a, b = profile(Net(spec), 1)
    assert a.param_bytes > 0
    assert b.param_bytes == 0


def test_a_net_without_loss_runs_back_all_the_same():
    deploy = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "power" type: "Power" bottom: "x" top: "p" }
    layer { name: "ip" type: "InnerProduct" bottom: "p" top: "y" inner_product_param { num_output: 4 } }
    layer { name: "prob" type: "Softmax" bottom: "y" top: "prob" }
    layer { name: "best" type: "ArgMax" bottom: "prob" top: "best" }
    """
    net = Net(deploy)
    found = {r.name: len(r.backward) for r in profile(net, 2)}
    assert found == {"x": 0, "power": 0, "ip": 2, "prob": 2, "best": 0}


def test_the_times_are_means_and_medians():
    record = profile(Net(NET, "TRAIN"), 1)[0]
    record.forward = [1.0, 2.0, 9.0]
    assert record.mean("forward") == 4
    assert record.median("forward") == 2
    assert record.mean("backward") == record.median("backward") == 0


def test_profiling_leaves_the_parameters_alone():
    net = Net(NET, "TRAIN", rng=0)
    before = net.params["ip"][0].data.copy()
    profile(net, 2)
    np.testing.assert_array_equal(net.params["ip"][0].data, before)


def test_no_iterations_and_no_layers():
    with pytest.raises(SpecError, match="expected 1 iteration or more, found 0"):
        profile(Net(NET), 0)
    with pytest.raises(NetError, match="net 'void' has no layers to measure"):
        profile(Net('name: "void"\n'), 1)


def test_a_net_without_a_loss_goes_back_for_the_clock_alone():
    net = Net("""
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 dim: 5 dim: 5 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
    layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
    """)
    records = profile(net, iterations=2)
    assert [len(record.backward) for record in records] == [0, 2, 2]
    assert [layer.goes_back for layer in net.layers] == [False, False, False]
    net.forward()
    assert net.layers[2].positive is None
