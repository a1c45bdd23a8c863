import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.drawing import (
    draw_activation_histograms,
    draw_activation_statistics,
    draw_activations,
    draw_dead_units,
    new_picture,
)
from cafe_edu.errors import NetError

SPEC = """
name: "maps"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 dim: 3 dim: 3 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 4 kernel_size: 1
  weight_filler { type: "constant" value: 1 } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "tanh" type: "TanH" bottom: "c" top: "t" }
"""


@pytest.fixture
def net():
    net = Net(SPEC)
    net.params["conv"][1].data = [0, -9, 9, 1]
    net.forward(x=np.linspace(-1, 1, 18).reshape(2, 1, 3, 3))
    return net


def bars(axes):
    return [round(patch.get_width(), 6) for patch in axes.patches]


def rows(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_statistics(net):
    mean, spread, zeros = draw_activation_statistics(net).get_axes()
    y = net.blobs["c"].data
    assert rows(mean) == ["x", "c", "t"]
    assert bars(mean)[1] == pytest.approx(y.mean(), abs=1e-5)
    assert bars(spread)[1] == pytest.approx(y.std(), abs=1e-5)
    assert bars(zeros)[:2] == [0, pytest.approx(100 * np.mean(y == 0))]
    assert [axes.get_title() for axes in (mean, spread, zeros)] == ["mean", "spread (standard deviation)", "zeros (%)"]
    assert mean.get_ylim()[0] > mean.get_ylim()[1]  # the first layer on top


def test_statistics_of_nothing_but_zeros():
    net = Net(SPEC)
    net.params["conv"][0].data[...] = 0
    net.forward()
    mean, _, zeros = draw_activation_statistics(net).get_axes()
    assert bars(mean) == [0, 0, 0]
    assert bars(zeros) == [100, 100, 100]


def test_means_on_both_sides_of_zero_are_seen(net):
    net.blobs["x"].data[...] = -3
    net.forward()
    net.blobs["x"].data[...] = -30
    (mean, *_) = draw_activation_statistics(net).get_axes()
    assert mean.get_xlim()[0] < -30
    assert mean.get_xlim()[1] > net.blobs["c"].data.mean()
    assert mean.get_xticks().tolist() == [-10, -1, 0, 1, 10]


def test_histograms_count_what_is_not_zero(net):
    figure = draw_activation_histograms(net, ["c", "t"])
    c, t = figure.get_axes()
    y = net.blobs["c"].data
    (steps,) = c.patches
    counts, edges, _ = steps.get_data()
    assert counts.sum() == np.count_nonzero(y)
    assert (edges[0], edges[-1]) == (y[y != 0].min(), y.max())
    assert c.get_title() == f"c: 72, {100 * np.mean(y == 0):.0f} % zeros"
    assert t.get_title().startswith("t: 72, ")
    assert len(draw_activation_histograms(net).get_axes()) == 3
    with pytest.raises(NetError, match="no blob 'q'; there are x, c, t"):
        draw_activation_histograms(net, ["q"])


def test_dead_units(net):
    left, right = draw_dead_units(net, net.blobs["x"].data.copy()).get_axes()
    assert rows(left) == ["relu (ReLU)", "tanh (TanH)"]
    assert bars(left) == [25, 25]
    assert [text.get_text() for text in left.texts] == ["1 of 4", "1 of 4"]
    y = net.blobs["c"].data
    assert bars(right) == [pytest.approx(100 * np.mean(y == 0)), pytest.approx(100 * np.mean(np.tanh(y) ** 2 > 0.99))]


def test_maps_by_the_name_of_the_layer(net):
    images = [draw_activations(net, name).get_axes()[0].get_images()[0].get_array() for name in ("conv", "c")]
    assert np.array_equal(*images, equal_nan=True)


def test_numbers_that_are_none_are_counted_and_left_out(net):
    net.params["conv"][1].data[0] = np.nan
    net.params["conv"][1].data[1] = np.inf
    net.forward()
    mean, _, zeros = draw_activation_statistics(net).get_axes()
    y = net.blobs["c"].data
    assert [text.get_text() for text in zeros.texts] == ["36 nan or infinite", "18 nan or infinite"]
    assert bars(mean)[1] == pytest.approx(y[:, 2:].mean(), abs=1e-5)
    titles = [axes.get_title() for axes in draw_activation_histograms(net).get_axes()]
    assert titles[1] == "c: 72, 1 % zeros, 36 nan or infinite"
    draw_dead_units(net)


def test_each_is_drawn_where_it_is_told(net):
    for draw in (draw_activation_statistics, draw_activation_histograms, draw_dead_units):
        left, _ = new_picture().subfigures(1, 2)
        assert draw(net, figure=left) is left
        assert left.get_axes()


def test_a_net_that_has_not_run():
    for draw in (draw_activation_statistics, draw_activation_histograms, draw_dead_units):
        with pytest.raises(NetError, match="net 'maps' has not run"):
            draw(Net(SPEC))
