"""Faults planted in backward are found, and called by their names."""

import numpy as np
import pytest

from cafe_edu.layer import Layer
from cafe_edu.testing import CheckFailed, check_gradient, make_layer


class Product(Layer):
    """y = x Wᵀ + b, right in every way; the faults below each change one line of its backward."""

    num_output = 2

    def setup(self, bottom):
        self.weight = self.add_param("weight", (self.num_output, bottom[0].shape[1]))
        self.bias = self.add_param("bias", (self.num_output,))

    def top_shapes(self, bottom_shapes):
        return [(bottom_shapes[0][0], self.num_output)]

    def forward(self, bottom, top):
        top[0].data = bottom[0].data @ self.weight.data.T + self.bias.data

    def backward(self, top, propagate_down, bottom):
        x, dy = bottom[0].data, top[0].diff
        self.dW(dy.T @ x)
        self.db(dy.sum(axis=0))
        if propagate_down[0]:
            self.dx(bottom[0], dy @ self.weight.data)

    def dW(self, right):
        self.weight.diff += right

    def db(self, right):
        self.bias.diff += right

    def dx(self, bottom, right):
        bottom.diff = right


X = np.random.default_rng(0).normal(size=(4, 3))


def say(cls, *bottom, **keywords):
    """What the check says of a class."""
    with pytest.raises(CheckFailed) as caught:
        check_gradient(make_layer(cls, *(bottom or [X]), **keywords))
    return str(caught.value)


def test_the_right_one_passes(device):
    check_gradient(make_layer(Product, X, device=device))


def test_it_says_where_and_what():
    class OneWrong(Product):
        def dW(self, right):
            self.weight.diff += right
            self.weight.diff[1, 2] += 0.5

    text = say(OneWrong)
    assert text.startswith("gradient of parameter 0: at index (1, 2) expected ")
    expected, found = (float(part.split()[0]) for part in text.replace(",", "").split("expected ")[1].split("found "))
    assert np.isclose(found - expected, 0.5)
    assert "(central differences)" in text
    assert ";" not in text  # nothing usual, and so no guess


@pytest.mark.parametrize("field", ["weight", "bias"])
def test_an_overwritten_parameter_diff(field):
    class Overwrites(Product):
        def dW(self, right):
            self.set("weight", right)

        def db(self, right):
            self.set("bias", right)

        def set(self, name, right):
            blob = getattr(self, name)
            blob.diff = right if name == field else blob.diff + right

    text = say(Overwrites)
    assert text.startswith(f"gradient of parameter {('weight', 'bias').index(field)}")
    assert text.endswith("; the diff was overwritten: parameters are added to (`+=`), because layers can share them")


def test_a_bottom_diff_that_is_added_to():
    class Adds(Product):
        def dx(self, bottom, right):
            bottom.diff += right

    text = say(Adds)
    assert text.startswith("gradient of bottom 0")
    assert text.endswith("; the diff was added to: a bottom's is overwritten (`[...] =`)")


def test_a_bottom_that_is_not_written():
    class Forgets(Product):
        def dx(self, bottom, right):
            pass

    assert say(Forgets).endswith("; backward did not write it")


def test_zero():
    class ZeroBottom(Product):
        def dx(self, bottom, right):
            bottom.diff[...] = 0

    class NoBias(Product):
        def db(self, right):
            pass

    assert say(ZeroBottom).endswith("; it is zero everywhere")
    assert say(NoBias).startswith("gradient of parameter 1")
    assert say(NoBias).endswith("; it is zero everywhere")


def test_the_sign():
    class Uphill(Product):
        def dW(self, right):
            self.weight.diff -= right

    class UphillBottom(Product):
        def dx(self, bottom, right):
            bottom.diff = -right

    for cls in (Uphill, UphillBottom):
        assert say(cls).endswith("; the sign is turned round")


def test_a_mean_for_a_sum():
    class Mean(Product):
        def db(self, right):
            self.bias.diff += right / 4

    assert say(Mean).endswith("; it is 0.25 times the right one everywhere (a mean for a sum?)")


def test_an_ignored_upstream_gradient():
    class Ignores(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data ** 2

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = 2 * bottom[0].data

    assert say(Ignores).endswith("; it does not change with the top's diff: multiply by `top[0].diff`")


def test_off_by_one():
    class Shifted(Product):
        def dx(self, bottom, right):
            bottom.diff = np.roll(right, 1, axis=1)

    text = say(Shifted)
    assert text.startswith("gradient of bottom 0: at index (")
    assert ";" not in text


def test_nan():
    class NotANumber(Product):
        def dx(self, bottom, right):
            bottom.diff = right
            bottom.diff[2, 1] = np.nan

    assert "at index (2, 1) expected" in say(NotANumber)
    assert "found nan" in say(NotANumber)


def test_a_small_error_among_large_gradients_is_allowed_and_a_larger_one_is_not():
    class Off(Product):
        def dW(self, right):
            self.weight.diff += right * (1 + self.off)

    Off.off = 1e-9
    check_gradient(make_layer(Off, X))
    Off.off = 1e-5
    say(Off)
    check_gradient(make_layer(Off, X), rtol=1e-3)


def test_a_first_layer_that_never_learns():
    class Returns(Product):
        def backward(self, top, propagate_down, bottom):
            if propagate_down[0]:
                super().backward(top, propagate_down, bottom)

    text = say(Returns)
    assert text.startswith("gradient of parameter 0: it is another where `propagate_down` is False")


def test_it_looks_at_every_bottom():
    class Difference(Layer):
        num_bottom = 2

        def top_shapes(self, bottom_shapes):
            return bottom_shapes[:1]

        def forward(self, bottom, top):
            top[0].data = bottom[0].data - bottom[1].data

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = top[0].diff
            bottom[1].diff = top[0].diff

    text = say(Difference, X, X + 1)
    assert text.startswith("gradient of bottom 1")
    assert text.endswith("; the sign is turned round")

    class Declared(Difference):
        no_gradient = (1,)

    check_gradient(make_layer(Declared, X, X + 1))


def test_it_looks_at_every_top():
    class Both(Layer):
        num_top = 2

        def top_shapes(self, bottom_shapes):
            return bottom_shapes * 2

        def forward(self, bottom, top):
            top[0].data, top[1].data = bottom[0].data, bottom[0].data ** 3

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = top[0].diff

    assert say(Both, tops=2).startswith("gradient of bottom 0")


def test_a_layer_without_a_gradient_is_no_failure_of_the_check():
    class Blind(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data

    with pytest.raises(Exception, match="this layer has no gradient"):
        check_gradient(make_layer(Blind, X))
