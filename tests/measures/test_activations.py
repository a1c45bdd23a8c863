import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import DataError, NetError
from cafe_edu.measures.activations import activation_statistics, computed, dead_units

SPEC = """
name: "bends"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param {
  num_output: 4 weight_filler { type: "gaussian" } } }
layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }
layer { name: "shift" type: "Power" bottom: "a" top: "a" power_param { shift: 5 } }
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" inner_product_param { num_output: 5 } }
layer { name: "sigmoid" type: "Sigmoid" bottom: "b" top: "s" }
layer { name: "tanh" type: "TanH" bottom: "b" top: "t" }
"""
MAPS = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 4 dim: 4 } } }
layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 3 kernel_size: 2 } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
"""


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)


def found(net, images=None, **more):
    return {row.layer: row for row in dead_units(net, images, **more)}


@pytest.fixture
def net():
    """Unit 1 of ReLU is dead by its bias; of b, unit 0 is saturated high, 4 low, 2 half of the time."""
    net = Net(SPEC, rng=0)
    net.params["a"][0].data[...] *= 0.5
    net.params["a"][1].data = [0.1, -99, 0.1, 0.1]
    net.params["b"][1].data = [20, 0, 0, 0, -20]
    return net


def test_a_planted_dead_unit_is_found_behind_another_layer_in_place(net, images):
    relu = found(net, images)["relu"]
    assert (relu.type, relu.units, relu.idle, relu.share) == ("ReLU", 4, (1,), 0.25)
    a = images @ net.params["a"][0].data.T + net.params["a"][1].data
    assert relu.numbers == np.mean(a <= 0)
    net.params["a"][1].data[1] = 0.1
    assert found(net, images)["relu"].idle == ()


def test_a_planted_saturated_unit_is_found(net, images):
    rows = found(net, images)
    assert rows["sigmoid"].idle == rows["tanh"].idle == (0, 4)
    assert rows["sigmoid"].numbers == 0.4
    assert rows["sigmoid"].share == 0.4


def test_saturation_begins_at_a_hundredth_of_the_greatest_slope(net, images):
    edge = {"sigmoid": -np.log(1 / (0.5 - np.sqrt(0.25 - 0.0025)) - 1), "tanh": np.arctanh(np.sqrt(0.99))}
    for layer, z in edge.items():
        for factor, idle in ((0.99, ()), (1.01, (0,))):
            net.params["b"][1].data = [factor * z, 0, 0, 0, 0]
            assert found(net, images)[layer].idle == idle


def test_one_image_that_fires_is_enough_in_any_batch(net, images):
    net.params["a"][1].data = [0, -99, 0, 0]
    net.params["a"][0].data[1] = [100, 0, 0]
    last = images.copy()
    last[:, 0] = 0
    assert found(net, last, batch=7)["relu"].idle == (1,)
    last[-1, 0] = 1
    assert found(net, last, batch=7)["relu"].idle == ()
    assert found(net, last, batch=7) == found(net, last, batch=100)


def test_a_channel_is_a_unit(images):
    net = Net(MAPS, rng=0)
    net.params["c"][0].data[...] = 0
    net.params["c"][1].data = [1, -1, 0]
    net.params["c"][0].data[1, 0, 0, 0] = 2
    x = np.zeros((2, 1, 4, 4), np.float32)
    assert found(net, x)["relu"].idle == (1, 2)
    x[1, 0, 2, 2] = 1  # unit 1 fires at one place of one image
    (relu,) = dead_units(net, x)
    assert (relu.units, relu.idle) == (3, (2,))
    assert relu.numbers == pytest.approx((17 + 18) / 54)


def test_what_the_last_forward_left():
    net = Net(MAPS, rng=0)
    net.params["c"][1].data = [1, -1, 1]
    net.forward(x=np.zeros((2, 1, 4, 4)))
    assert found(net)["relu"].idle == (1,)


def test_statistics(images):
    net = Net(MAPS, rng=0)
    net.params["c"][1].data = [2, -1, 0]
    net.forward(x=np.zeros((2, 1, 4, 4)))
    x, c = activation_statistics(net)
    assert (x.blob, x.mean, x.std, x.zeros) == ("x", 0, 0, 1)
    assert (c.blob, c.mean, c.zeros, c.least, c.greatest) == ("c", pytest.approx(2 / 3), pytest.approx(2 / 3), 0, 2)
    assert c.std == pytest.approx(np.std([2, 0, 0]))


def test_splits_are_left_out(net, images):
    net.forward(x=images)
    assert list(computed(net)) == ["x", "a", "b", "s", "t"]


def test_what_cannot_be_measured(net, images):
    with pytest.raises(NetError, match=r"net 'bends' has not run: call net.forward\(...\) first"):
        activation_statistics(net)
    with pytest.raises(NetError, match="has not run"):
        dead_units(net)
    with pytest.raises(DataError, match="expected images, at least one; found none"):
        dead_units(net, images[:0])
    plain = Net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }')
    with pytest.raises(NetError, match=r"no layer of type ReLU, .* Sigmoid or TanH; it has Input"):
        dead_units(plain)
    two = Net(SPEC + 'layer { name: "y" type: "Input" top: "y" input_param { shape { dim: 1 } } }')
    with pytest.raises(NetError, match="expected a net with one input to put images into, found x, y: take its deploy"):
        dead_units(two, images)


def test_on_every_device(device, images):
    net = Net(SPEC, rng=0, device=device)
    assert [row.units for row in dead_units(net, images)] == [4, 5, 5]
    assert [row.blob for row in activation_statistics(net)] == ["x", "a", "b", "s", "t"]
