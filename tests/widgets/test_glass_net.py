"""The net of glass computes what the net computes, keeps all of it, and leaves the net alone."""

import numpy as np
import pytest

from cafe_edu import Layer, Net
from cafe_edu.demo import ZOO
from cafe_edu.errors import DataError, NetError
from cafe_edu.widgets.glass_net import GlassNet


def test_it_computes_what_the_net_computes(lenet, digits):
    x, _ = digits
    glass = GlassNet(lenet)
    glass.look(x[7])
    p = lenet.forward(data=x[:8])["prob"]
    assert np.allclose(glass.probabilities(), p[7], atol=1e-6)
    assert np.allclose(glass.made_by("pool2"), lenet.blobs["pool2"].data[7], atol=1e-6)


def test_what_an_in_place_layer_read_is_still_there(lenet, digits):
    glass = GlassNet(lenet)
    glass.look(digits[0][0])
    before, after = glass.made_by("ip1"), glass.made_by("relu1")
    assert before.min() < 0
    assert np.array_equal(after, np.maximum(before, 0))


def test_the_net_is_left_alone(lenet, digits):
    x, y = digits
    lenet.forward(data=x[:3])
    data = {name: blob.data.copy() for name, blob in lenet.blobs.items()}
    lenet.params["conv1"][0].diff[...] = 7
    glass = GlassNet(lenet)
    glass.look(x[9])
    glass.look_back(y[9])
    assert all(np.array_equal(lenet.blobs[name].data, values) for name, values in data.items())
    assert (lenet.params["conv1"][0].diff == 7).all()
    assert np.abs(glass.net.params["conv1"][0].diff).max() > 0


def test_it_learns_as_the_net_learns(lenet, digits):
    glass = GlassNet(lenet)
    glass.look(digits[0][0])
    before = glass.probabilities()
    lenet.params["ip2"][0].data[...] = 0
    lenet.params["ip2"][1].data[...] = 0
    glass.look(digits[0][0])
    assert not np.allclose(before, 0.1, atol=0.01)
    assert np.allclose(glass.probabilities(), 0.1)


def test_slopes_are_those_of_the_loss(lenet, digits):
    """Against two forward runs: the loss at the image a little changed."""
    x, y = digits
    glass = GlassNet(lenet)
    glass.look(x[5])
    glass.look_back(y[5])
    slope = glass.slope_at("data").copy()
    direction = slope / np.sqrt((slope**2).sum())
    losses = []
    for step in (-1e-2, 1e-2):
        glass.look(x[5] + step * direction)
        losses.append(-np.log(glass.probabilities()[y[5]]))
    assert (losses[1] - losses[0]) / 2e-2 == pytest.approx((slope * direction).sum(), rel=5e-2)


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
def test_data_layers_become_inputs_and_what_needs_a_label_is_left_out(phase):
    glass = GlassNet(Net(ZOO / "lenet" / "lenet_train_test.prototxt", phase, rng=0))
    assert list(glass.layers) == ["digits", "conv1", "pool1", "conv2", "pool2", "ip1", "relu1", "ip2"]
    assert (glass.input, glass.shape, glass.scores) == ("data", (1, 28, 28), "ip2")


def test_on_a_device(device, digits):
    nets = [Net(ZOO / "lenet" / "lenet.prototxt", rng=0, device=one) for one in ("cpu", device)]
    found = []
    for glass in map(GlassNet, nets):
        glass.look(digits[0][3])
        glass.look_back(digits[1][3])
        found.append((glass.probabilities(), glass.made_by("conv2"), glass.slope_at("conv1")))
    for one, other in zip(*found, strict=True):
        assert isinstance(other, np.ndarray)
        assert np.allclose(one, other, atol=1e-5)


SPLIT = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "mine" type: "ReLU" bottom: "x" top: "x" }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param { num_output: 2
  weight_filler { type: "gaussian" } } }
layer { name: "b" type: "InnerProduct" bottom: "x" top: "b" inner_product_param { num_output: 2
  weight_filler { type: "gaussian" } } }
layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "sum" }
"""


class Double(Layer):
    """A learner's own layer under a built-in name."""

    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data[...] = 2 * bottom[0].data


def test_own_layers_and_splits():
    net = Net(SPLIT, layers={"ReLU": Double}, rng=0)
    (found,) = net.forward(x=np.ones((4, 3))).values()
    glass = GlassNet(net)
    glass.look([1, 1, 1])
    assert np.allclose(glass.made_by("sum"), found[0])
    assert glass.made_by("mine").tolist() == [2, 2, 2]
    assert glass.scores is None
    with pytest.raises(NetError, match="ends without class scores; it makes sum"):
        glass.probabilities()


def test_wrong_input(lenet):
    with pytest.raises(NetError, match="expected a Net to look into, found a str"):
        GlassNet("lenet.prototxt")
    glass = GlassNet(lenet)
    with pytest.raises(DataError, match=r"expected an item of shape \(1, 28, 28\), as 'data' takes .* \(28, 28\)"):
        glass.look(np.zeros((28, 28)))
    glass.look(np.zeros((1, 28, 28)))
    with pytest.raises(DataError, match="expected a class from 0 to 9, found 10"):
        glass.look_back(10)
    with pytest.raises(NetError, match="no layer 'conv3'; did you mean"):
        glass.made_by("conv3")
    with pytest.raises(NetError, match="no layer 'x'; it has data, conv1, pool1"):
        glass.made_by("x")
    with pytest.raises(NetError, match="no input for an item of two axes"):
        GlassNet(Net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 } } }'))
