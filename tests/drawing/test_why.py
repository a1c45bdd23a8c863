"""The figures hold what the methods say, each in its place."""

import numpy as np
import pytest

from cafe_edu import Net, insight
from cafe_edu.drawing import (
    draw_attribution,
    draw_class_models,
    draw_dream,
    draw_inversion,
    draw_receptive_field,
    draw_top_images,
    draw_why,
    new_picture,
)
from cafe_edu.errors import NetError, ShapeError, SpecError

SPEC = """
name: "spot"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 12 dim: 12 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param {
  num_output: 2 kernel_size: 3 pad: 1 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE global_pooling: true } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { num_output: 2 } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""


@pytest.fixture
def net():
    net = Net(SPEC)
    net.params["conv"][0].data = np.stack([np.ones((1, 3, 3)), -np.ones((1, 3, 3))]) / 9
    net.params["conv"][1].data = [-0.3, 0.05]
    net.params["ip"][0].data = [[0, 9], [9, 0]]
    return net


@pytest.fixture
def image():
    image = np.full((1, 12, 12), 0.1)
    image[0, 7:10, 2:5] = 1
    return image


def arrays(axes):
    return [np.asarray(shown.get_array()) for shown in axes.get_images()]


def test_an_attribution_lies_over_its_image(image):
    map = np.zeros((12, 12))
    map[3, 4] = 2
    left, right, *bar = draw_attribution(image, map, "why").get_axes()
    assert np.array_equal(arrays(left)[0], (image[0] - 0.1) / 0.9)
    assert np.array_equal(arrays(right)[1], map)
    assert right.get_title() == "why"
    assert right.get_images()[1].get_cmap().name == "viridis"
    assert len(bar) == 1
    _, right, _ = draw_attribution(image, -map).get_axes()
    assert right.get_images()[1].get_cmap().name == "RdBu_r"
    low, high = right.get_images()[1].get_clim()
    assert low == -high < 0  # so that white is 0


def test_a_map_like_the_image_is_a_picture_gray_for_zero(image):
    map = np.zeros((1, 12, 12))
    map[0, 0, 0], map[0, 1, 1] = 4, -4
    _, right = draw_attribution(image, map).get_axes()
    (shown,) = arrays(right)
    assert shown[5, 5] == 0.5
    assert (shown[0, 0], shown[1, 1]) == (1, 0)
    with pytest.raises(ShapeError, match=r"expected a map of shape \(12, 12\) or \(1, 12, 12\), as its image, found"):
        draw_attribution(image, np.zeros((11, 12)))


def test_why_draws_each_method(net, image):
    figure = draw_why(net, image, names=["dark", "spot"])
    titles = [axes.get_title() for axes in figure.get_axes()]
    assert titles == [
        "image", "saliency", "gradient x input", "integrated gradients", "guided backpropagation",
        "deconvnet of its strongest unit", "Grad-CAM of relu", "occlusion",
    ]  # fmt: skip
    assert figure.get_suptitle().startswith("Why spot? Score 0.")
    p = net.forward(x=image[None])["prob"][0, 1]
    assert figure.get_suptitle().endswith(f"probability {100 * p:.1f} %")
    shown = [arrays(axes)[-1] for axes in figure.get_axes()]
    np.testing.assert_array_equal(shown[1], insight.saliency(net, image, 1))
    np.testing.assert_array_equal(shown[2], insight.gradient_times_input(net, image, 1).sum(axis=0))
    np.testing.assert_array_equal(shown[6], insight.grad_cam(net, image, 1))
    np.testing.assert_array_equal(shown[7], insight.occlusion(net, image, 1))


def test_why_of_a_class_and_of_a_unit(net, image):
    assert draw_why(net, image, 0, ["saliency"]).get_suptitle().startswith("Why class 0? Score ")
    figure = draw_why(net, image, ("conv", 0, 8, 3), ["saliency", "deconvnet"])
    assert figure.get_suptitle() == "Why does unit 0 of conv at row 8, column 3 say 0.7?"
    assert [axes.get_title() for axes in figure.get_axes()] == ["image", "saliency", "deconvnet"]
    whole = draw_why(net, image, ("conv", 0))  # nothing lies before it that Grad-CAM could take
    assert "occlusion" in [axes.get_title() for axes in whole.get_axes()]
    assert not any("Grad-CAM" in axes.get_title() for axes in whole.get_axes())


def test_why_not(net, image):
    with pytest.raises(SpecError) as error:
        draw_why(net, image, methods=["lime"])
    assert error.value.one_line() == (
        "no method 'lime'; there are saliency, gradient_times_input, integrated_gradients, guided_backprop, deconvnet, "
        "grad_cam, occlusion"
    )
    with pytest.raises(NetError, match=r"expected a class from 0 to 1 \(the channels of 'ip'\), found 5"):
        draw_why(net, image, 5)
    with pytest.raises(ShapeError, match=r"expected one image of shape \(1, 12, 12\) for 'x', found \(12, 12\)"):
        draw_why(net, image[0])


def test_a_receptive_field_is_framed_and_cut_out(net, image):
    left, right = draw_receptive_field(net, "conv", 0, 3, image).get_axes()
    whole, clipped = left.patches
    assert (whole.get_y(), whole.get_x(), whole.get_height(), whole.get_width()) == (-1.5, 1.5, 3, 3)
    assert (clipped.get_y(), clipped.get_height()) == (-0.5, 2)
    assert arrays(right)[0].shape == (2, 3)
    assert left.get_title() == "row 0, column 3 of the 12 x 12 units of conv"


def test_a_unit_that_sees_padding_alone(image):
    net = Net(SPEC.replace("kernel_size: 3 pad: 1", "kernel_size: 1 pad: 2"))
    _, right = draw_receptive_field(net, "conv", 0, 0, image).get_axes()
    assert not right.get_images()
    assert right.get_title() == "it sees padding alone"


def test_top_images_and_what_is_seen(net, image):
    images = np.stack([image * k for k in (0.6, 1, 0.8)])
    axes = draw_top_images(net, "conv", 0, images, n=2, names=["a", "b", "c"]).get_axes()
    assert [a.get_title() for a in axes[:2]] == ["b\n0.7", "c\n0.5"]
    assert [arrays(a)[0].shape for a in axes] == [(12, 12), (12, 12), (3, 3), (3, 3)]
    (frame,) = axes[0].patches
    assert (frame.get_x(), frame.get_y()) == (1.5, 6.5)


def test_class_models(net):
    figure = draw_class_models(net, [1, ("conv", 0)], steps=3)
    first, second = figure.get_axes()
    model = insight.class_model(net, 1, steps=3)
    np.testing.assert_allclose(arrays(first)[0], (model[0] - model.min()) / np.ptp(model))
    assert first.get_title().startswith("class 1\nscore ")
    assert second.get_title().startswith("conv, unit 0\nscore ")
    assert draw_class_models(net, [0], ["dark"], steps=1).get_axes()[0].get_title().startswith("dark")


@pytest.mark.parametrize("draw", [draw_dream, draw_inversion])
def test_dreams_and_inversions_stand_beside_the_image(net, image, draw):
    image_axes, *others = draw(net, image, ["conv", "relu"], steps=2).get_axes()
    method = insight.deep_dream if draw is draw_dream else insight.invert
    made = [method(net, image, layer, steps=2) for layer in ("conv", "relu")]
    for axes, one in zip(others, made, strict=True):
        np.testing.assert_allclose(arrays(axes)[0], (one[0] - one.min()) / np.ptp(one))
    assert "relu" in others[1].get_title()
    assert image_axes.get_title() == "image"
    assert len(draw(net, image, "conv", steps=1).get_axes()) == 2


def test_each_is_drawn_where_it_is_told(net, image):
    whole = new_picture()
    left, right = whole.subfigures(1, 2)
    assert draw_why(net, image, 1, ["saliency"], figure=left) is left
    assert draw_receptive_field(net, "conv", 2, 2, image, figure=right) is right
    assert len(whole.axes) == 4
    whole.canvas.draw()
