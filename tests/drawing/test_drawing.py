"""The numbers behind the figures, and that each figure is drawn into the place it is given."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.drawing import draw_activations, draw_answers, draw_filters, draw_images, draw_training, new_picture
from cafe_edu.drawing.mosaic import tile
from cafe_edu.errors import NetError, ShapeError

SPEC = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 dim: 5 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "y" convolution_param {
  num_output: 3 kernel_size: 2 weight_filler { type: "gaussian" } } }
layer { name: "ip" type: "InnerProduct" bottom: "y" top: "z" inner_product_param { num_output: 2 } }
"""


@pytest.fixture
def net():
    net = Net(SPEC, rng=0)
    net.forward(x=np.random.default_rng(1).normal(size=(2, 1, 5, 5)))
    return net


def shown(figure):
    """The array in the figure's only image."""
    (axes,) = figure.get_axes()
    (image,) = axes.get_images()
    return np.asarray(image.get_array())


def test_tile_lays_out_row_by_row():
    sheet = tile(np.arange(3)[:, None, None] * np.ones((3, 2, 2)), columns=2, edge=9)
    assert sheet.tolist() == [
        [0, 0, 9, 1, 1],
        [0, 0, 9, 1, 1],
        [9, 9, 9, 9, 9],
        [2, 2, 9, 9, 9],
        [2, 2, 9, 9, 9],
    ]


def test_tile_wants_images():
    with pytest.raises(ShapeError, match=r"expected images .* found \(3, 2\)"):
        tile(np.zeros((3, 2)))
    with pytest.raises(ShapeError, match="at least one"):
        tile(np.zeros((0, 2, 2)))


def test_filters_are_the_nets(net):
    W = net.params["conv"][0].data
    sheet = shown(draw_filters(net, "conv"))
    assert np.array_equal(sheet[:2, :2], W[0, 0])
    assert np.array_equal(sheet[:2, 3:5], W[1, 0])
    assert np.array_equal(sheet[3:5, :2], W[2, 0])


def test_activations_are_the_nets(net):
    y = net.blobs["y"].data
    assert np.array_equal(shown(draw_activations(net, "y", item=1))[:4, :4], y[1, 0])


def test_colour_images_are_turned_to_red_green_blue():
    blue = np.zeros((1, 3, 2, 2))
    blue[0, 0] = 1
    assert shown(draw_images(blue))[0, 0].tolist() == [0, 0, 1]


def test_numbers_that_are_none_leave_the_others_visible():
    images = np.array([[[0.0, 1], [2, np.nan]], [[3, np.inf], [0, 0]]])
    (axes,) = draw_images(images).get_axes()
    assert axes.get_images()[0].get_clim() == (0, 3)


def test_wrong_names_and_shapes(net):
    with pytest.raises(NetError, match="no layer 'cnv' with parameters; there are conv, ip"):
        draw_filters(net, "cnv")
    with pytest.raises(ShapeError, match=r"4 axes to draw as filters, 'ip' has \(2, 48\)"):
        draw_filters(net, "ip")
    with pytest.raises(NetError, match="no blob 'q'; there are x, y, z"):
        draw_activations(net, "q")
    with pytest.raises(ShapeError, match="item 2"):
        draw_activations(net, "y", item=2)


def test_answers_say_what_is_right():
    figure = draw_answers(np.zeros((3, 4, 4)), [1, 2, 3], truth=[1, 5, 3], sure=[0.5, 0.7, 1.0], columns=2)
    titles = [axes.get_title() for axes in figure.get_axes()]
    assert titles == ["1  50 %", "2  70 %, is 5", "3  100 %", ""]
    colours = [axes.title.get_color() for axes in figure.get_axes()[:3]]
    assert colours[0] == colours[2] != colours[1]


class Trained:
    """What draw_training reads of a solver."""

    def __init__(self, tests):
        self.net = Net('name: "little"' + SPEC)
        self.train_record = [{"iter": i, "loss": 1 / (1 + i), "lr": 0.1} for i in range(40)]
        self.test_record = tests


def test_training_curve():
    tests = [{"iter": 0, "net": 0, "accuracy": 0.1, "loss": 2.3}, {"iter": 20, "net": 0, "accuracy": 0.9, "loss": 0.2}]
    figure = draw_training(Trained(tests), smooth=10)
    left, right = figure.get_axes()
    assert left.get_title() == "little learns"
    curves = {line.get_label(): line.get_xydata() for line in [*left.get_lines(), *right.get_lines()]}
    assert curves["training loss, mean of 10"][0].tolist() == [9, pytest.approx(np.mean(1 / np.arange(1, 11)))]
    assert curves["test accuracy"].tolist() == [[0, 10], [20, 90]]
    assert curves["test loss"].tolist() == [[0, 2.3], [20, 0.2]]


def test_training_curve_without_tests():
    assert len(draw_training(Trained([])).get_axes()) == 1


def test_a_figure_is_drawn_where_it_is_told(net):
    picture = new_picture()
    left, right = picture.subfigures(1, 2)
    assert draw_filters(net, "conv", figure=left) is left
    assert draw_activations(net, "y", figure=right) is right
    assert len(picture.get_axes()) == 2


def test_a_notebook_shows_it_the_same_at_every_run(net):
    first, second = (draw_filters(net, "conv")._repr_png_() for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")
