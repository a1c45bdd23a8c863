"""Drawing a digit, without a browser: the pad's pixels are set, and the net answers."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.data.centred import centre_ink
from cafe_edu.demo import ZOO
from cafe_edu.errors import DataError, NetError
from cafe_edu.widgets import DrawDigit
from cafe_edu.widgets.pad import stroke

ONE = [(0.5, 0.2), (0.5, 0.8)]
FOUR = [(0.62, 0.15), (0.3, 0.6), (0.75, 0.6), (0.6, 0.6), (0.62, 0.4), (0.58, 0.85)]
THREE = [(0.3, 0.2), (0.55, 0.15), (0.65, 0.3), (0.45, 0.45), (0.66, 0.65), (0.5, 0.85), (0.28, 0.78)]
ZERO = [(0.5 + 0.2 * np.sin(t), 0.5 - 0.3 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 30)]


@pytest.fixture
def widget(lenet):
    return DrawDigit(lenet)


def test_the_net_reads_what_is_drawn(widget):
    for digit, points in ((0, ZERO), (1, ONE), (3, THREE), (4, FOUR)):
        before = widget.seen.value, widget.bars.value, widget.maps.value
        widget.pad.set_state({"pixels": memoryview(stroke(points).tobytes())})  # as a message from the browser does
        assert widget.probabilities().argmax() == digit
        assert f"<b>{digit}, " in widget.bars.value
        after = widget.seen.value, widget.bars.value, widget.maps.value
        assert all(a != b for a, b in zip(before, after, strict=True))
    assert widget.message.value == ""


def test_it_is_what_the_net_says_of_the_centred_image(widget, lenet):
    ink = stroke(FOUR)
    widget.pad.draw(ink)
    p = lenet.forward(data=centre_ink(ink)[None, None] / np.float32(256))["prob"]
    assert np.allclose(widget.probabilities(), p[0], atol=1e-6)


def test_nothing_drawn_is_no_answer(widget):
    assert "nothing is drawn yet" in widget.bars.value
    widget.pad.draw(stroke(ONE))
    assert "nothing is drawn yet" not in widget.bars.value
    widget.pad.clear()
    assert "nothing is drawn yet" in widget.bars.value


def test_another_layer(widget):
    widget.pad.draw(stroke(ONE))
    pictures = set()
    for name in ("conv1", "conv2", "ip1", "prob"):
        widget.choice.value = name
        pictures.add(bytes(widget.maps.value))
        assert f"units of layer {name}" in widget.maps.tooltip
    assert len(pictures) == 4


def test_what_the_pad_cannot_mean_is_said(widget):
    widget.pad.pixels = b"abc"
    assert "expected 140 x 140 pixels from the pad, found 3" in widget.message.value
    widget.pad.draw(stroke(ONE))
    assert widget.message.value == ""


def title_of_bars(figure):
    return figure.get_axes()[1].get_title()


def test_the_static_twin_shows_the_last_drawing_or_a_two(widget):
    assert title_of_bars(widget.show_static()).startswith("2, ")
    widget.pad.draw(stroke(ONE))
    assert title_of_bars(widget.show_static()).startswith("1, ")
    figure = widget.show_static(stroke(FOUR))
    assert title_of_bars(figure).startswith("4, ")
    seen = np.asarray(figure.get_axes()[0].get_images()[0].get_array())
    assert np.allclose(seen, centre_ink(stroke(FOUR)) / 256)
    assert widget.pad.ink()[70, 70] == 255  # the pad is as it was


NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: %s dim: 20 dim: 16 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 12
  weight_filler { type: "gaussian" std: 1 } } }
"""


def test_any_net_with_one_channel():
    widget = DrawDigit(Net(NET % "1", rng=0), labels="abcdefghijkl", scale=1)
    widget.pad.draw(stroke(ONE))
    assert widget.image().shape == (1, 20, 16)
    assert 200 < widget.image().max() <= 255
    bars = widget.show_static().get_axes()[1]
    assert len(bars.get_yticklabels()) == 10  # of 12 classes the likeliest
    best = "abcdefghijkl"[widget.probabilities().argmax()]
    assert bars.get_title().startswith(f"{best}, ")


def test_a_training_net_too():
    widget = DrawDigit(Net(ZOO / "lenet" / "lenet_train_test.prototxt", "TRAIN", rng=0))
    assert "prob" not in widget.glass.layers
    assert widget.probabilities().shape == (10,)


def test_wrong_nets_and_names(lenet):
    with pytest.raises(NetError, match=r"images of one channel, \(1, H, W\), found 'x' \(3, 20, 16\)"):
        DrawDigit(Net(NET % "3"))
    with pytest.raises(NetError, match="ends without class scores; it makes y"):
        DrawDigit(Net((NET % "1").replace("num_output: 12", "num_output: 1")))
    with pytest.raises(NetError, match="no layer 'conv9'; did you mean"):
        DrawDigit(lenet, layer="conv9")
    with pytest.raises(DataError, match="expected 10 labels, one for each class, found 2"):
        DrawDigit(lenet, labels=["no", "yes"])


def test_a_cell_run_twice(lenet):
    first, second = DrawDigit(lenet), DrawDigit(lenet)
    first.pad.draw(stroke(ONE))
    assert not second.pad.ink().any()
    second.close()
    first.pad.draw(stroke(FOUR))
    assert "<b>4, " in first.bars.value
