"""The two ways back that are none: guided backpropagation and deconvnet, each against its formula."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.insight import deconvnet, guided_backprop
from cafe_edu.insight.deconvnet import DeconvnetReLU
from cafe_edu.insight.guided_backprop import GuidedReLU
from cafe_edu.insight.objective import score_of

LINEAR = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 5 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param {
  num_output: 4 weight_filler { type: "gaussian" } bias_filler { type: "gaussian" } } }
%s
layer { name: "b" type: "InnerProduct" bottom: "%s" top: "b" inner_product_param {
  num_output: 3 weight_filler { type: "gaussian" } } }
"""
RELU = 'layer { name: "relu" type: "ReLU" bottom: "a" top: "%s" }'
METHODS = pytest.mark.parametrize("method", [guided_backprop, deconvnet])


@METHODS
def test_of_a_linear_net_it_is_the_weights(method):
    net = Net(LINEAR % ("", "a"), rng=0, dtype=np.float64)
    W = net.params["b"][0].data @ net.params["a"][0].data
    for k in range(3):
        np.testing.assert_allclose(method(net, [1, -2, 3, 0, 5], k), W[k], rtol=1e-12)


@METHODS
def test_without_a_relu_it_is_the_gradient(method, mixed):
    net, x = mixed
    spec = str(net.spec).replace('type: "ReLU"', 'type: "TanH"')
    net = Net(spec, rng=3, dtype=np.float64)
    assert not any(layer.type == "ReLU" for layer in net.layers)
    np.testing.assert_allclose(method(net, x, 1), score_of(net, 1).slope(x[None])[1][0], rtol=1e-12)


@METHODS
@pytest.mark.parametrize("top", ["a", "r"])  # in place and not
@pytest.mark.parametrize("seed", range(5))
def test_its_formula(method, top, seed):
    net = Net(LINEAR % (RELU % top, top), rng=seed, dtype=np.float64)
    (A, c), (B, _) = ([blob.data for blob in blobs] for blobs in net.params.values())
    x = np.random.default_rng(seed).normal(size=5)
    z = A @ x + c
    for k in range(3):
        dy = B[k] * (B[k] > 0)
        expected = A.T @ (dy * (z > 0) if method is guided_backprop else dy)
        np.testing.assert_allclose(method(net, x, k), expected, rtol=1e-12)


@pytest.mark.parametrize("cls", [GuidedReLU, DeconvnetReLU])
def test_forward_is_a_relus(cls, mixed):
    net, x = mixed
    spec = str(net.spec).replace('type: "ReLU"', 'type: "ReLU" relu_param { negative_slope: 0.25 }')
    for text in (net.spec, spec):
        mine = Net(text, rng=3, dtype=np.float64, layers={"ReLU": cls})
        theirs = Net(text, rng=3, dtype=np.float64)
        assert np.array_equal(mine.forward(x=x[None])["prob"], theirs.forward(x=x[None])["prob"])


def test_deconvnet_puts_numbers_back_by_the_switches(spot):
    # from map 0 at its largest place, through a filter of ones: the window that it saw, nothing else
    net, image = spot
    found = deconvnet(net, image, ("relu", 0))
    expected = np.zeros((1, 12, 12))
    expected[0, 7:10, 2:5] = 1 / 9
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@METHODS
def test_on_a_device(method, device):
    x = [1, -2, 3, 0, 5]
    for top in ("a", "r"):
        spec = LINEAR % (RELU % top, top)
        there, here = (method(Net(spec, rng=0, device=where), x, 1) for where in (device, "cpu"))
        np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-6)
