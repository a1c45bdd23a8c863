"""Small nets, made by hand so that one knows what they look at."""

import numpy as np
import pytest

from cafe_edu import Net

# Map 0 is bright where a 3 x 3 window is; class 1 is the mean of map 0, class 0 that of map 1, which sees dark windows.
SPOT = """
name: "spot"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 dim: 12 dim: 12 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param {
  num_output: 2 kernel_size: 3 pad: 1 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE global_pooling: true } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { num_output: 2 } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""

# A little of everything that a way back meets: branches, LRN, poolings of both kinds, units that are off, dropout.
MIXED = """
name: "mixed"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: 9 dim: 9 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param {
  num_output: 3 kernel_size: 3
  weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "constant" value: 0.1 } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" lrn_param { local_size: 3 } }
layer { name: "a" type: "Convolution" bottom: "norm" top: "a" convolution_param {
  num_output: 2 kernel_size: 1 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "b" type: "Convolution" bottom: "norm" top: "b" convolution_param {
  num_output: 2 kernel_size: 3 pad: 1 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "both" type: "Concat" bottom: "a" bottom: "b" top: "both" }
layer { name: "max" type: "Pooling" bottom: "both" top: "max" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "drop" type: "Dropout" bottom: "max" top: "max" }
layer { name: "ip" type: "InnerProduct" bottom: "max" top: "ip" inner_product_param {
  num_output: 3 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""


@pytest.fixture
def spot():
    """A net that looks for a bright spot, and an image with one around row 8, column 3."""
    net = Net(SPOT)
    net.params["conv"][0].data = np.stack([np.ones((1, 3, 3)), -np.ones((1, 3, 3))]) / 9
    net.params["conv"][1].data = [-0.3, 0.05]
    net.params["ip"][0].data = [[0, 1], [1, 0]]
    image = np.random.default_rng(0).uniform(0, 0.2, (1, 12, 12)).astype(np.float32)
    image[0, 7:10, 2:5] = 1
    return net, image


@pytest.fixture
def mixed():
    """A net with random weights, float64, and an image."""
    return Net(MIXED, rng=3, dtype=np.float64), np.random.default_rng(1).normal(size=(2, 9, 9))
