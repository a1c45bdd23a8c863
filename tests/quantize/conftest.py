"""Nets to quantise."""

import types

import numpy as np
import pytest

from cafe_edu import Net

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }'
CONV = (
    'layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 6 kernel_size: 3 '
    'bias_term: false weight_filler { type: "xavier" } } }'
)
NORM = (
    'layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }'
    'layer { name: "scale" type: "Scale" bottom: "c" top: "n" scale_param { bias_term: true } }'
)
RELU = 'layer { name: "relu" type: "ReLU" bottom: "n" top: "n" }'
DEPTHWISE = (
    'layer { name: "dw" type: "Convolution" bottom: "n" top: "d" convolution_param { num_output: 6 kernel_size: 3 '
    'group: 6 weight_filler { type: "xavier" } bias_filler { type: "gaussian" std: 0.1 } } }'
)
HEAD = (
    'layer { name: "prelu" type: "PReLU" bottom: "d" top: "d" }'
    'layer { name: "ip" type: "InnerProduct" bottom: "d" top: "y" inner_product_param { num_output: 5 transpose: true '
    'weight_filler { type: "xavier" } bias_filler { type: "gaussian" std: 0.1 } } }'
    'layer { name: "prob" type: "Softmax" bottom: "y" top: "prob" }'
)
SMALL = 'name: "small"' + INPUT + CONV + NORM + RELU + DEPTHWISE + HEAD


def lived(net, seed=0):
    """Give the BatchNorms and Scales of a net numbers as training leaves them."""
    rng = np.random.default_rng(seed)
    for layer in net.layers:
        if layer.type == "BatchNorm":
            M, V, k = layer.params
            M.data, V.data, k.data = rng.normal(size=M.shape), rng.uniform(0.5, 2, V.shape) * 3, [3]
        if layer.type in ("Scale", "Bias"):
            for blob in layer.params:
                blob.data = rng.normal(size=blob.shape)
    return net


@pytest.fixture
def text():
    """The pieces of the small net's prototxt, by name."""
    return types.SimpleNamespace(input=INPUT, conv=CONV, norm=NORM, relu=RELU, depthwise=DEPTHWISE, head=HEAD)


@pytest.fixture
def small():
    """A function that returns a net of every kind of layer that matters here."""
    return lambda spec=SMALL, **how: lived(Net(spec, rng=0, **how))


@pytest.fixture
def images():
    return np.random.default_rng(5).normal(size=(4, 20, 3, 8, 8)).astype(np.float32)
