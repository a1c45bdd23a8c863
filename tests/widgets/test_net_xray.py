"""Looking into a trained LeNet by its controls, without a browser."""

import asyncio

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.demo import ZOO
from cafe_edu.drawing import new_picture
from cafe_edu.errors import DataError, NetError
from cafe_edu.insight import top_images
from cafe_edu.widgets import NetXray, net_xray, uphill
from cafe_edu.widgets.xray_views import MANY, VIEWS


@pytest.fixture
def xray(lenet, digits):
    return NetXray(lenet, digits)


def shown(figure, axes=0):
    return np.asarray(figure.get_axes()[axes].get_images()[0].get_array())


def view(xray, name):
    """The figure of a view, drawn alone."""
    return VIEWS[name](xray.seen, new_picture())


@pytest.mark.parametrize(
    "layer", ["conv2", "prob", *(pytest.param(name, marks=pytest.mark.slow) for name in ("data", "relu1"))]
)
def test_every_view_is_a_picture_or_says_why_not(layer, xray):
    xray.layers.value = layer
    pictures = set()
    for name in VIEWS:
        xray.view.value = name
        pictures.add(bytes(xray.picture.value))
        if name == "parameters" and layer != "conv2":
            there = "conv1, conv2, ip1, ip2"
            assert f"layer &#x27;{layer}&#x27; has no parameters; layers that have: {there}<" in xray.message.value
        else:
            assert xray.message.value == ""
    assert len(pictures) == len(VIEWS)


def test_controls_move_each_other(xray):
    assert (xray.layers.value, xray.unit.max, xray.item.max) == ("conv1", 19, 359)
    xray.unit.value = 19
    xray.layers.value = "ip2"
    assert (xray.unit.value, xray.unit.max, xray.seen.layer, xray.seen.unit) == (0, 9, "ip2", 0)
    before = bytes(xray.picture.value)
    xray.item.value = 5
    assert (xray.seen.item, bytes(xray.picture.value) != before) == (5, True)
    before = bytes(xray.picture.value)
    xray.unit.value = 3
    assert (xray.seen.unit, bytes(xray.picture.value) != before) == (3, True)


def test_parameters_and_activations_are_the_nets(xray, lenet, digits):
    lenet.forward(data=digits[0][4:5])
    xray.choose(layer="conv1", unit=3, item=4)
    assert np.array_equal(shown(view(xray, "parameters"))[:5, 6:11], lenet.params["conv1"][0].data[1, 0])
    assert np.allclose(shown(view(xray, "activations"))[:24, :24], lenet.blobs["conv1"].data[0, 0], atol=1e-6)
    xray.choose(layer="ip1", unit=499)
    weights = shown(view(xray, "parameters"))  # 50 maps of 4 x 4, eight in a row
    assert np.array_equal(weights[:4, 5:9], lenet.params["ip1"][0].data[499].reshape(50, 4, 4)[1])


def test_gradients_are_those_of_the_label(lenet, digits):
    x, y = digits
    right, wrong = (NetXray(lenet, (x[:3], labels), layer="ip2") for labels in (y[:3], (y[:3] + 1) % 10))
    for xray, labels in ((right, y), (wrong, (y + 1) % 10)):
        figure = view(xray, "gradients")
        slopes = [path.vertices[1, 1] for path in figure.get_axes()[0].collections[0].get_paths()]
        assert np.argmin(slopes) == labels[0]  # more of that score would lower the loss
        assert sum(slopes) == pytest.approx(0, abs=1e-6)
    assert right.message.value == ""


def test_top_images_are_those_of_insight(xray, lenet, digits):
    xray.choose(layer="conv2", unit=7)
    found = top_images(lenet, "conv2", 7, digits[0][:MANY], n=4)
    titles = [axes.get_title() for axes in view(xray, "top images").get_axes()[:4]]
    assert [int(title.split(",")[0]) for title in titles] == found.indexes.tolist()


def test_what_excites_a_unit_excites_it_more_than_any_item(xray, digits):
    xray.choose(layer="ip2", unit=4)
    title = view(xray, "what excites it").get_axes()[0].get_title()
    made = float(title.split("\n")[1].split(";")[0])
    xray.seen.glass.net.forward(data=digits[0][:MANY])
    assert made > xray.seen.glass.net.blobs["ip2"].data[:, 4].max()


@pytest.mark.parametrize("name", ["statistics", "top images", "what excites it"])
def test_what_was_found_of_a_layer_or_a_unit_is_kept(name, xray, monkeypatch):
    xray.choose(layer="conv1", unit=3, view=name)
    before = bytes(xray.picture.value)
    xray.choose(unit=4)
    for searches in ("profile", "Uphill"):
        monkeypatch.setattr(f"cafe_edu.widgets.xray_views.{searches}", None)
    xray.choose(unit=3)
    assert bytes(xray.picture.value) == before
    xray.seen.glass.net.params["conv1"][0].data[...] *= 1.5  # now it is another net
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        xray.draw()


@pytest.fixture
def in_parts(lenet, digits, monkeypatch):
    """An X-ray in a running loop, as in a kernel, that pauses after each of three steps uphill."""
    monkeypatch.setattr(net_xray, "PATIENCE", 0)
    monkeypatch.setattr(uphill, "STEPS", 3)
    return lambda: NetXray(lenet, digits, layer="conv1")


def test_a_long_search_goes_on_between_messages(in_parts):
    async def kernel():
        xray, pictures, ended = in_parts(), [], asyncio.Event()

        def seen(change):
            pictures.append(bytes(change["new"]))
            if not xray.seen.unfinished:
                ended.set()

        xray.picture.observe(seen, "value")
        xray.view.value = "what excites it"
        assert len(pictures) == 1  # answered after one step
        await ended.wait()
        assert xray._next is None
        return pictures, xray.show_static()

    pictures, _ = asyncio.run(kernel())
    assert len(set(pictures)) == len(pictures) == 3


@pytest.mark.parametrize("ends", [lambda xray: xray.choose(view="parameters"), lambda xray: xray.close()])
def test_a_search_ends_when_nobody_wants_it(ends, in_parts):
    async def kernel():
        xray = in_parts()
        xray.view.value = "what excites it"
        search = xray._next
        assert not search.cancelled()
        ends(xray)
        assert search.cancelled()
        assert xray._next is None

    asyncio.run(kernel())


def test_statistics_count_what_is_never_above_zero(lenet, digits):
    lenet.params["conv1"][0].data[2] = 0
    lenet.params["conv1"][1].data[2] = -1
    label = view(NetXray(lenet, digits), "statistics").get_axes()[0].get_xlabel()
    assert label == "0% are 0; 1 of 20 units are never above 0"


def test_it_says_what_the_net_says(xray, digits):
    xray.item.value = 7
    assert f"item 7, label {digits[1][7]}: the net says {digits[1][7]}, " in xray.answer.value


def test_the_static_twin_has_all_views(xray):
    xray.choose(layer="pool1", unit=2)
    figure = xray.show_static()
    titles = [axes.get_title() for axes in figure.get_axes()]
    assert "pool1: 20 x 12 x 12 activations" in titles
    assert any(title.startswith("what excites unit 2 of pool1") for title in titles)
    texts = [text.get_text() for part in figure.subfigs[1].subfigs for text in part.texts]
    assert [text[:52] for text in texts if "no parameters" in text] == [
        "no parameters: layer 'pool1' has no parameters; laye"
    ]


def test_it_follows_a_net_that_learns_on(xray, lenet):
    xray.choose(layer="conv1", view="parameters")
    before = bytes(xray.picture.value)
    lenet.params["conv1"][0].data[...] *= -1
    xray.draw()
    assert bytes(xray.picture.value) != before


def test_images_alone_and_pixels(lenet, digits):
    pixels = (digits[0][:4] * 256).astype(np.uint8)
    xray = NetXray(lenet, pixels)
    assert np.allclose(xray.seen.x, digits[0][0])
    xray.view.value = "gradients"
    assert "gradients need labels, and the data are images alone: give (images, labels)" in xray.message.value
    xray.view.value = "activations"
    assert xray.message.value == ""


VECTORS = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 5 dim: 6 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1
  weight_filler { type: "gaussian" } } }
"""


def test_a_net_without_images_and_classes():
    xray = NetXray(Net(VECTORS, rng=0), (np.eye(6)[:3], [0, 1, 0]))
    said = {}
    for name in VIEWS:
        xray.view.value = name
        said[name] = xray.message.value
    assert not any(said[name] for name in ("parameters", "activations", "statistics", "what excites it"))
    assert "ends without class scores; it makes y" in said["gradients"]
    assert "expected a net for images (N, C, H, W)" in said["receptive field"]
    assert "expected a net for images (N, C, H, W)" in said["top images"]


def test_a_training_net_with_data_layers(digits):
    xray = NetXray(Net(ZOO / "lenet" / "lenet_train_test.prototxt", "TRAIN", rng=0), digits)
    xray.view.value = "gradients"
    assert xray.message.value == ""


def test_wrong_choices_change_nothing(xray):
    with pytest.raises(NetError, match=r"no layer 'conv7'; did you mean 'conv[12]'"):
        xray.choose(layer="conv7")
    with pytest.raises(NetError, match="expected a unit from 0 to 19 of layer 'conv1', found 20"):
        xray.choose(unit=20)
    with pytest.raises(DataError, match="expected an item from 0 to 359 of the data, found -1"):
        xray.choose(item=-1)
    with pytest.raises(NetError, match="no view 'weights'; there are parameters, activations, gradients"):
        xray.choose(view="weights")
    assert (xray.seen.layer, xray.seen.unit, xray.seen.item) == ("conv1", 0, 0)


def test_wrong_data(lenet, digits):
    x, y = digits
    with pytest.raises(NetError, match="expected a Net to look into, found a ndarray"):
        NetXray(x, lenet)
    with pytest.raises(DataError, match=r"expected items \(N, 1, 28, 28\) for 'data', .* found \(3, 28, 28\)"):
        NetXray(lenet, x[:3, 0])
    with pytest.raises(DataError, match="expected 3 labels, one for each item, found 2"):
        NetXray(lenet, (x[:3], y[:2]))
    with pytest.raises(NetError, match="no layer 'nothing'; it has data, conv1"):
        NetXray(lenet, x[:3], layer="nothing")
    xray = NetXray(lenet, (x[:3], y[:3] + 10))
    xray.view.value = "gradients"
    assert "expected a class from 0 to 9, found 12" in xray.message.value
