"""In a linear net without biases the parts add up to the score."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.insight import gradient_times_input


def test_the_parts_are_weight_times_input():
    net = Net("""
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 2 dim: 2 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "s" inner_product_param { num_output: 2 } }
    layer { name: "p" type: "Softmax" bottom: "s" top: "p" }
    """)
    net.params["ip"][0].data = [[1, -2, 3, 4], [0, 0, 0, 0]]
    x = np.array([[[5, 6], [0, 0.5]]])
    parts = gradient_times_input(net, x, 0)
    assert parts.tolist() == [[[5, -12], [0, 2]]]
    assert parts.sum() == pytest.approx(net.forward(end="ip", x=x[None])["s"][0, 0])
