"""The curves are those of the layers, and the sliders move them."""

import numpy as np
import pytest

from cafe_edu import Layer, Net
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.layer import REGISTRY
from cafe_edu.widgets import LayerGallery
from cafe_edu.widgets.layer_gallery import SETTINGS

IMAGE = np.linspace(0, 1, 12).reshape(3, 4)


@pytest.fixture(scope="module")
def gallery():
    return LayerGallery(IMAGE)


def test_every_neuron_layer_is_there(gallery):
    named = "Sigmoid TanH ReLU PReLU ELU BNLL Power Exp Log AbsVal Threshold Dropout"
    assert set(named.split()) <= set(gallery.types)
    assert set(SETTINGS) <= set(REGISTRY)


def test_curves_and_slopes_of_known_functions(gallery):
    x = np.linspace(-3, 3, 9) + 0.1
    y, slope = gallery.through("Sigmoid", x)
    assert np.allclose(y, 1 / (1 + np.exp(-x)))
    assert np.allclose(slope, y * (1 - y))
    y, slope = gallery.through("ReLU", x, "relu_param { negative_slope: 0.5 }")
    assert np.allclose(y, np.where(x > 0, x, x / 2))
    assert np.allclose(slope, np.where(x > 0, 1, 0.5))
    y, slope = gallery.through("Threshold", x)
    assert y.tolist() == (x > 0).tolist()
    assert slope is None
    y, slope = gallery.through("Log", x)
    assert np.isnan(slope[x < 0]).all()
    assert np.allclose(slope[x > 0], 1 / x[x > 0])


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_sliders_change_what_is_shown(gallery, name):
    gallery.choice.value = name
    for slider in gallery.sliders.children:
        before = bytes(gallery.curve.value), bytes(gallery.after.value)
        slider.value = (slider.min + slider.max) / 2 + 0.3
        assert gallery.message.value == ""
        assert (bytes(gallery.curve.value), bytes(gallery.after.value)) != before
        assert f"{slider.value:g}" in gallery.spec()


def test_every_type_can_be_chosen(gallery):
    for name in gallery.types:
        gallery.choice.value = name
        assert gallery.message.value == ""
        assert gallery.curve.tooltip == f"the curve of {name}"


def test_the_gain_stretches_the_image(gallery):
    gallery.choice.value = "Sigmoid"
    before = bytes(gallery.after.value)
    gallery.gain.value = 5
    assert bytes(gallery.after.value) != before


def test_the_static_twin_has_all_types(gallery):
    gallery.gain.value = 2
    axes = gallery.show_static().get_axes()
    titles = [one.get_title().removesuffix(" (no gradient)") for one in axes if one.get_lines()[1:]]
    assert [title for title in titles if title] == gallery.types
    right = axes[2 * (1 + gallery.types.index("TanH")) + 1]
    assert np.allclose(right.get_images()[0].get_array(), np.tanh(2 * (2 * IMAGE - 1)))


SPEC = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 dim: 3 dim: 4 } } }
layer { name: "mine" type: "ReLU" bottom: "x" top: "y" }
"""


class Double(Layer):
    """A learner's own layer under a built-in name."""

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data[...] = 2 * bottom[0].data


def test_a_net_gives_its_first_item_and_its_own_classes():
    net = Net(SPEC, layers={"ReLU": Double})
    net.forward(x=[[IMAGE], [0 * IMAGE]])
    gallery = LayerGallery(net)
    assert np.allclose(gallery.image, 2 * IMAGE - 1)
    y, slope = gallery.through("ReLU", np.array([-1.0, 1.0]))
    assert y.tolist() == [-2, 2]
    assert slope is None
    assert gallery.message.value == ""


def test_without_anything_it_shows_a_digit():
    assert LayerGallery().image.shape == (28, 28)


def test_an_image_of_one_grey_is_zero():
    assert not LayerGallery(np.ones((2, 2))).image.any()


def test_wrong_input():
    with pytest.raises(NetError, match="no neuron layer 'Relu'; there are AbsVal, BNLL"):
        LayerGallery(IMAGE, layer="Relu")
    with pytest.raises(ShapeError, match=r"expected an image \(H, W\) or \(C, H, W\) of finite numbers, found \(3,\)"):
        LayerGallery([1, 2, 3])
    with pytest.raises(NetError, match="begins with images"):
        LayerGallery(Net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 } } }'))
