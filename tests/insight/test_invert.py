"""What a layer knows comes back."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import DataError, NetError, ShapeError
from cafe_edu.insight import invert
from cafe_edu.insight.objective import Objective
from cafe_edu.insight.targets import layer_position

SPEC = """
name: "seer"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 10 dim: 10 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param {
  num_output: 6 kernel_size: 3 pad: 1 weight_filler { type: "gaussian" std: 0.3 } } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: "off" type: "Power" bottom: "pool" top: "off" power_param { scale: 0 } }
"""


@pytest.fixture
def seer():
    image = np.zeros((1, 10, 10))
    image[0, 2:7, 3:5] = 1
    image[0, 5:7, 3:9] = 0.6
    return Net(SPEC, rng=0), image


def test_a_layer_that_loses_nothing_gives_the_image_back(seer):
    net, image = seer
    back = invert(net, image, "conv", steps=150, tv=0)
    assert np.abs(back - image).mean() < 0.02


def test_the_layer_sees_the_same(seer):
    net, image = seer
    back = invert(net, image, "pool", steps=150, tv=0)
    see = Objective(net, layer_position(net, "pool"), None).activations
    a0 = see(image[None]).copy()
    a = see(back[None])
    assert ((a - a0) ** 2).sum() < 0.01 * (a0**2).sum()
    of_all = invert(net, image, "conv", steps=150, tv=0)
    assert np.abs(back - image).mean() > 3 * np.abs(of_all - image).mean()  # pooling forgets


def test_total_variation_makes_it_smooth(seer):
    net, image = seer
    rough = [np.abs(np.diff(invert(net, image, "pool", steps=60, tv=tv), axis=2)).mean() for tv in (0, 10)]
    assert rough[1] < 0.8 * rough[0]


def test_one_seed_one_image(seer):
    net, image = seer
    assert np.array_equal(invert(net, image, "pool", 5, seed=1), invert(net, image, "pool", 5, seed=1))
    assert not np.array_equal(invert(net, image, "pool", 5, seed=1), invert(net, image, "pool", 5, seed=2))


def test_what_cannot_be(seer):
    net, image = seer
    with pytest.raises(NetError, match="net 'seer' has no layer 'fc'; it has x, conv, pool, off"):
        invert(net, image, "fc")
    with pytest.raises(ShapeError, match=r"expected one image of shape \(1, 10, 10\) for 'x', found \(10,\)"):
        invert(net, image[0, 0], "conv")
    with pytest.raises(DataError, match=r"an image or limits with a smaller and a larger number, found \(0, 0\)"):
        invert(net, 0 * image, "conv")
    with pytest.raises(DataError, match="layer 'off' makes nothing but zeros of this image: there is nothing to inv"):
        invert(net, image, "off")
