"""A twin computes what the net does, and leaves no trace in it."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu import insight as why
from cafe_edu.insight.twin import needed, twin
from cafe_edu.layer import Layer

TRAINING = """
name: "training"
layer { name: "data" type: "DummyData" top: "x" top: "t" include { phase: TRAIN } dummy_data_param {
  shape { dim: 4 dim: 1 dim: 8 dim: 8 } shape { dim: 4 }
  data_filler { type: "gaussian" } data_filler { type: "constant" } } }
layer { name: "data" type: "DummyData" top: "x" top: "t" include { phase: TEST } dummy_data_param {
  shape { dim: 2 dim: 1 dim: 8 dim: 8 } shape { dim: 2 }
  data_filler { type: "gaussian" } data_filler { type: "constant" } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param {
  num_output: 3 kernel_size: 3 weight_filler { type: "gaussian" std: 0.3 } } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "norm" }
layer { name: "relu" type: "ReLU" bottom: "norm" top: "norm" }
layer { name: "drop" type: "Dropout" bottom: "norm" top: "norm" }
layer { name: "ip" type: "InnerProduct" bottom: "norm" top: "ip" inner_product_param {
  num_output: 2 weight_filler { type: "gaussian" std: 0.3 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "t" top: "loss" }
layer { name: "acc" type: "Accuracy" bottom: "ip" bottom: "t" top: "acc" include { phase: TEST } }
"""

METHODS = {
    "saliency": lambda net, x: why.saliency(net, x, 1),
    "gradient_times_input": lambda net, x: why.gradient_times_input(net, x, 1),
    "guided_backprop": lambda net, x: why.guided_backprop(net, x, 1),
    "deconvnet": lambda net, x: why.deconvnet(net, x, 1),
    "integrated_gradients": lambda net, x: why.integrated_gradients(net, x, 1, steps=5),
    "occlusion": lambda net, x: why.occlusion(net, x, 1),
    "grad_cam": lambda net, x: why.grad_cam(net, x, 1, "conv"),
    "class_model": lambda net, x: why.class_model(net, 1, steps=3),
    "deep_dream": lambda net, x: why.deep_dream(net, x, "conv", octaves=2, steps=2, limits=(-3, 3)),
    "invert": lambda net, x: why.invert(net, x, "conv", steps=3),
    "receptive_field": lambda net, x: why.receptive_field(net, "conv").of(1, 1),
    "top_images": lambda net, x: why.top_images(net, "conv", 0, np.stack([x, -x, 2 * x])),
    "features": lambda net, x: why.features(net, "conv", np.stack([x, -x, 2 * x])),
}


def state(net):
    """All that a net holds, as bytes."""
    blobs = {name: (b.shape, b.data.tobytes(), b.diff.tobytes()) for name, b in net.blobs.items()}
    params = {n: [(b.shape, b.data.tobytes(), b.diff.tobytes()) for b in blobs] for n, blobs in net.params.items()}
    return net.phase, net.loss, blobs, params, str(net.rng.bit_generator.state), str(net.spec)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
def test_a_net_with_data_layers_is_left_as_it_was(method, phase):
    net = Net(TRAINING, phase, rng=0)
    net.forward()
    net.backward()
    before = state(net)
    x = np.random.default_rng(5).normal(size=(1, 8, 8))
    first = METHODS[method](net, x)
    assert state(net) == before
    again = METHODS[method](net, x)
    if isinstance(first, np.ndarray):
        assert np.array_equal(first, again)  # no dropout, no other chance


@pytest.mark.parametrize("method", METHODS)
def test_a_net_with_an_input_is_left_as_it_was(method, spot):
    net, x = spot
    net.forward(x=np.zeros((5, 1, 12, 12)))
    before = state(net)
    METHODS[method](net, x)
    assert state(net) == before


def test_a_layer_that_insists_on_its_phase_keeps_it_and_writes_nothing():
    net = Net(TRAINING.replace('type: "BatchNorm"', 'type: "BatchNorm" phase: TRAIN'), "TEST", rng=0)
    net.forward()
    before = state(net)
    x = np.random.default_rng(5).normal(size=(1, 8, 8))
    why.saliency(net, x, 1)
    assert state(net) == before
    position = [layer.name for layer in net.layers].index("norm")
    normalized = twin(net, [position]).forward(x=x[None])["norm"]
    np.testing.assert_allclose(normalized.mean(axis=(0, 2, 3)), 0, atol=1e-5)  # by the mean of this very image


def test_it_computes_what_a_test_net_would():
    train = Net(TRAINING, "TRAIN", rng=0)
    train.forward()
    test = Net(TRAINING, "TEST")
    test.share_with(train)
    test.forward()
    other = twin(train, [needed(train, [5])[-1]])
    assert [layer.name for layer in other.layers] == ["data", "conv", "norm", "relu", "drop", "ip"]
    np.testing.assert_allclose(other.forward(x=test.blobs["x"].data)["ip"], test.blobs["ip"].data, rtol=1e-5)


def test_weights_are_the_nets_own(spot):
    net, x = spot
    other = twin(net, [1])
    assert other.params["conv"][0].shares_with(net.params["conv"][0])
    net.params["conv"][0].data[...] *= 2  # it learns on
    other.forward(x=x[None])
    assert other.params["conv"][0].data.sum() == net.params["conv"][0].data.sum()
    assert not twin(net, [1], copy=True).params["conv"][0].shares_with(net.params["conv"][0])


class Doubling(Layer):
    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = 2 * bottom[0].data

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = 2 * top[0].diff


def test_layers_of_ones_own_are_kept():
    spec = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }
    layer { name: "twice" type: "Doubling" bottom: "x" top: "y" }
    """
    net = Net(spec, layers={"Doubling": Doubling})
    assert why.saliency(net, [1, 2, 3], ("twice", 1)).tolist() == [0, 2, 0]


def test_another_input_keeps_what_it_holds():
    spec = """
    layer { name: "in" type: "Input" top: "x" top: "k" input_param { shape { dim: 1 dim: 3 } shape { dim: 1 dim: 3 } } }
    layer { name: "times" type: "Eltwise" bottom: "x" bottom: "k" top: "y" eltwise_param { operation: PROD } }
    """
    net = Net(spec)
    net.forward(k=[[3, 4, 5]])
    assert why.saliency(net, [1, 1, 1], ("times", 2)).tolist() == [0, 0, 5]
