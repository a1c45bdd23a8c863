"""widgets/gradient_check.py: a wrong backward shows where it is wrong."""

import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.drawing.gradient_check import columns_of, draw_gradients, worst_entry
from cafe_edu.errors import CafeError, NetError, ShapeError
from cafe_edu.layer import layer_class
from cafe_edu.testing import CheckFailed
from cafe_edu.testing.cases import CASES
from cafe_edu.testing.check_gradient import both_gradients, check_gradient
from cafe_edu.widgets import GradientCheck
from cafe_edu.widgets.gradient_check import trials


def wrong(type_name, spoil):
    """A layer class whose backward is spoiled afterwards."""

    class Wrong(layer_class(type_name)):
        def backward(self, top, propagate_down, bottom):
            super().backward(top, propagate_down, bottom)
            spoil(self, bottom)

    return Wrong


def numbers_in(figure):
    return [axes.get_title() for axes in figure.axes], figure.get_suptitle()


def test_a_right_layer():
    check = GradientCheck("InnerProduct")
    assert check.failure is None
    assert "backward says what forward does" in check.verdict.value
    for numeric, analytic in check.both.values():
        assert np.abs(numeric - analytic).max() < 1e-8
    check.close()


def test_the_worst_entry_is_marked_with_its_numbers():
    def spoil(layer, bottom):
        layer.params[0].diff[1, 2] += 0.5

    check = GradientCheck(wrong("InnerProduct", spoil), like="InnerProduct")
    assert check.gradient.value == "parameter 0"
    numeric, analytic = check.both["parameter 0"]
    assert analytic[1, 2] - numeric[1, 2] == pytest.approx(0.5)
    figure = check.show_static()
    titles, title = numbers_in(figure)
    assert title == "gradient of parameter 0, shape (4, 6), worst at (1, 2)"
    assert titles[2] == "analytic - numeric\n0.5 in the frame"
    assert f"{numeric[1, 2]:.6g}" in titles[0]
    assert f"{analytic[1, 2]:.6g}" in titles[1]
    frame = figure.axes[2].lines[0]
    assert (frame.get_xdata()[0], frame.get_ydata()[0]) == (2, 1)
    expected = f"at index (1, 2) expected {numeric[1, 2]:.8g} (central differences), found {analytic[1, 2]:.8g}"
    assert expected in check.verdict.value
    check.close()


@pytest.mark.parametrize(
    ("spoil", "diagnosis"),
    [
        (lambda layer, bottom: bottom[0].diff.__imul__(-1), "the sign is turned round"),
        (lambda layer, bottom: bottom[0].diff.__imul__(0.5), "it is 0.5 times the right one everywhere"),
        (lambda layer, bottom: bottom[0].diff.fill(0), "it is zero everywhere"),
    ],
)
def test_the_mistake_is_named(spoil, diagnosis):
    check = GradientCheck(wrong("TanH", spoil), like="TanH")
    assert diagnosis in check.verdict.value
    assert diagnosis in check.canvas.tooltip
    check.close()


def test_a_nan_is_the_worst():
    def spoil(layer, bottom):
        bottom[0].diff[0, 0] = np.nan

    check = GradientCheck(wrong("Sigmoid", spoil), like="Sigmoid")
    assert worst_entry(*check.both["bottom 0"])[:2] == (0, 0)
    assert "nan in the frame" in numbers_in(check.show_static())[0][1]
    check.close()


def test_controls():
    check = GradientCheck("Convolution")
    first = bytes(check.canvas.value)
    check.gradient.value = "parameter 1"
    assert bytes(check.canvas.value) != first
    check.case.value = check.case.options[1]
    assert check.gradient.value == "bottom 0"
    assert not check.message.value
    check.close()


def test_what_one_made_oneself():
    trial = make_layer("Power", np.ones((2, 3)), spec="power_param { power: 2 }")
    check = GradientCheck(trial)
    assert list(check.both) == ["bottom 0"]
    check.close()


def test_the_check_takes_differences_that_are_known():
    trial = make_layer("InnerProduct", np.ones((2, 3)), spec="inner_product_param { num_output: 2 }")
    numeric = {name: numeric for name, (numeric, _) in both_gradients(trial).items()}
    check_gradient(trial, numeric=numeric)
    numeric["parameter 0"][1, 2] += 1
    with pytest.raises(CheckFailed, match=r"parameter 0: at index \(1, 2\)"):
        check_gradient(trial, numeric=numeric)


def test_both_gradients_are_those_that_the_check_compares():
    trial = make_layer("InnerProduct", np.ones((2, 3)), spec="inner_product_param { num_output: 2 }")
    both, again = both_gradients(trial), both_gradients(trial)  # the second time the bias is no longer 0
    for name in both:
        np.testing.assert_array_equal(both[name], again[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(name for name, cases in CASES.items() if any(c.gradient for c in cases)))
def test_every_type(name):
    check = GradientCheck(name)
    assert check.failure is None
    check.close()


def test_errors():
    with pytest.raises(CafeError, match=r"no cases with a gradient for .*ArgMax.*; there are some for AbsV"):
        trials("ArgMax")
    with pytest.raises(NetError, match="unknown layer type 'Relu'; did you mean 'ReLU'"):
        GradientCheck("Relu")
    with pytest.raises(ShapeError, match="expected two gradients of one shape"):
        draw_gradients(np.zeros(2), np.zeros(3))


def test_an_error_of_the_layer_is_said():
    class Fails(layer_class("Pooling")):
        def forward(self, bottom, top):
            if self.options.pool == 1:
                raise ValueError("not\nyet")
            super().forward(bottom, top)

    check = GradientCheck(Fails, like="Pooling")
    check.case.value = next(name for name in check.case.options if "AVE" in name)
    assert "ValueError: not yet" in check.message.value
    check.close()


@pytest.mark.parametrize("shape", [(), (5,), (1, 1), (2, 3, 4, 5), (0, 3)])
def test_rows(shape):
    if 0 in shape:
        with pytest.raises(ShapeError, match="expected two gradients"):
            draw_gradients(np.zeros(shape), np.zeros(shape))
    else:
        assert np.prod(shape, dtype=int) % columns_of(shape) == 0
        draw_gradients(np.ones(shape), np.ones(shape))
