import functools

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.drawing import (
    draw_filters,
    draw_weight_change,
    draw_weight_histograms,
    draw_weight_norms,
    new_picture,
    save_picture,
)
from cafe_edu.errors import NetError, WeightsError

SPEC = """
name: "filters"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "rgb" type: "Convolution" bottom: "x" top: "a" convolution_param {
  num_output: 5 kernel_size: 3 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "many" type: "Convolution" bottom: "a" top: "b" convolution_param {
  num_output: 4 kernel_size: 2 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "one" type: "Convolution" bottom: "b" top: "c" convolution_param {
  num_output: 6 kernel_size: 1 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "c" top: "d" inner_product_param {
  num_output: 2 weight_filler { type: "gaussian" std: 1 } } }
"""


@pytest.fixture
def net():
    return Net(SPEC, rng=0)


def shown(axes):
    (image,) = axes.get_images()
    return np.asarray(image.get_array())


def bars(axes):
    return [patch.get_width() for patch in axes.patches]


def test_three_channels_are_colours(net):
    (axes,) = draw_filters(net, "rgb").get_axes()
    sheet, W = shown(axes), net.params["rgb"][0].data
    scaled = (W - W.min()) / (W.max() - W.min())
    assert np.allclose(sheet[:3, 4:7], scaled[1, ::-1].transpose(1, 2, 0))
    assert axes.get_title() == "rgb: 5 filters of 3 x 3"


def test_n_channels_are_a_grid_of_filters_by_channels(net):
    (axes,) = draw_filters(net, "many").get_axes()
    sheet, W = shown(axes), net.params["many"][0].data
    assert sheet.shape == (4 * 3 - 1, 5 * 3 - 1)
    assert np.array_equal(sheet[6:8, 3:5], W[2, 1])
    assert axes.get_title() == "many: 4 filters of 2 x 2, 5 channels"
    low, high = axes.get_images()[0].get_clim()
    assert -low == high == np.abs(W).max()  # zero is white


def test_kernels_of_one_pixel_make_a_matrix(net):
    assert np.array_equal(shown(draw_filters(net, "one").get_axes()[0]), net.params["one"][0].data[:, :, 0, 0])


def test_only_the_first_of_many(net):
    (axes,) = draw_filters(net, "many", first=2).get_axes()
    assert shown(axes).shape == (5, 5)
    assert axes.get_title() == "many: 4 filters of 2 x 2, 5 channels; the first 2 of each"
    assert draw_filters(net, "rgb", first=4).get_axes()[0].get_title() == "rgb: 5 filters of 3 x 3; the first 4"


def test_histograms_count_every_weight(net):
    figure = draw_weight_histograms(net)
    axes = figure.get_axes()
    for one, (name, (W, _)) in zip(axes, net.params.items(), strict=True):
        counts, edges, _ = one.patches[0].get_data()
        assert counts.sum() == W.count
        assert edges[0] == W.data.min()
        assert one.get_title() == f"{name}: {W.count:,}\nmean {W.data.mean():.2g}, std {W.data.std():.2g}"
    assert [a.get_title().split(":")[0] for a in draw_weight_histograms(net, ["ip"]).get_axes()] == ["ip"]


def test_weights_that_are_no_numbers_are_counted(net, tmp_path):
    net.params["ip"][0].data[0, :3] = [np.nan, np.inf, -np.inf]
    (axes,) = draw_weight_histograms(net, ["ip"]).get_axes()
    assert axes.get_title().endswith("\n3 nan or infinite")
    draw_weight_norms(net)
    net.params["many"][0].data[0, 0, 0, 0] = np.inf
    figure = draw_weight_change(net, net, "many")
    assert [text.get_text() for text in figure.get_axes()[0].texts] == ["nan or infinite"] * 2
    save_picture(figure, tmp_path / "change.png")
    save_picture(draw_filters(net, "many"), tmp_path / "filters.png")


def test_norms(net):
    left, right = draw_weight_norms(net).get_axes()
    W = net.params["rgb"][0].data
    assert bars(left)[0] == pytest.approx(np.linalg.norm(W))
    assert bars(right)[0] == pytest.approx(np.sqrt((W**2).mean()))
    assert [t.get_text() for t in left.get_yticklabels()][:3] == ["rgb 5x3x3x3", "rgb 5", "many 4x5x2x2"]


def test_change(net, tmp_path):
    net.save(tmp_path / "before.caffemodel")
    W0 = net.params["many"][0].data.copy()
    net.params["many"][0].data[1] += 0.125
    figure = draw_weight_change(net, tmp_path / "before.caffemodel", "many", first=3)
    moved, before, now, difference = figure.get_axes()
    total = np.linalg.norm(W0)
    assert bars(moved) == [0, pytest.approx(100 * np.sqrt(20 * 0.125**2) / total, rel=1e-5), 0, 0]
    assert np.array_equal(shown(before)[:, 3:5], W0[1, 0])
    assert np.allclose(shown(now)[:, 3:5], W0[1, 0] + 0.125)
    assert np.allclose(shown(difference)[:, 3:5], 0.125)
    assert (shown(difference)[:, :2] == 0).all()
    assert before.get_images()[0].get_clim() == now.get_images()[0].get_clim()
    assert difference.get_images()[0].get_clim() == pytest.approx((-0.125, 0.125))
    assert difference.get_title().startswith("difference, drawn ")


def test_change_without_filters():
    spec = SPEC[: SPEC.index('layer { name: "rgb"')] + SPEC[SPEC.index('layer { name: "ip"') :].replace('"c"', '"x"')
    net = Net(spec, rng=0)
    (axes,) = draw_weight_change(net, {"ip": [2 * net.params["ip"][0].data, net.params["ip"][1].data]}).get_axes()
    assert bars(axes) == [pytest.approx(50)]


def test_a_layer_that_was_all_zero_is_said(net):
    before = {"ip": [np.zeros((2, 150)), np.zeros(2)]}
    (axes,) = draw_weight_change(net, before).get_axes()
    assert [text.get_text() for text in axes.texts] == ["all was zero before"]


def test_wrong_names(net):
    with pytest.raises(NetError, match="no layer 'ip' with filters before and now; there are rgb, many, one"):
        draw_weight_change(net, net, "ip")
    with pytest.raises(NetError, match="no layer 'q' with parameters; there are rgb, many, one, ip"):
        draw_weight_histograms(net, ["q"])
    with pytest.raises(WeightsError, match="expected layers of the net"):
        draw_weight_change(net, {})


def test_each_is_drawn_where_it_is_told(net):
    change = functools.partial(draw_weight_change, before=net)
    for draw in (draw_weight_histograms, draw_weight_norms, change):
        left, _ = new_picture().subfigures(1, 2)
        assert draw(net, figure=left) is left
