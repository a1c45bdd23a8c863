"""A layer that stops with numpy's own error on bottoms of other shapes is found, and told what to do."""

import numpy as np
import pytest

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer
from cafe_edu.testing import CheckFailed, make_layer
from cafe_edu.testing.check_shapes import changed, check_shapes, emptied

X, Y = np.ones((2, 3)), np.ones((2, 3))


class Sum(Layer):
    """Two bottoms added, shapes checked."""

    num_bottom = 2

    def top_shapes(self, bottom_shapes):
        a, b = bottom_shapes
        if a != b:
            raise ShapeError(self.says(a, b))
        return [a]

    def says(self, a, b):
        return f"expected two of one shape, found {a} and {b}"

    def forward(self, bottom, top):
        top[0].data = bottom[0].data + bottom[1].data

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = bottom[1].diff = top[0].diff


def check(cls, **options):
    check_shapes(lambda bottom: make_layer(cls, *bottom), [X, Y], True, **options)


def says(cls, **options):
    with pytest.raises(CheckFailed) as caught:
        check(cls, **options)
    return str(caught.value)


def test_a_layer_that_checks_passes():
    check(Sum)
    check(Sum, changes=emptied)


def test_the_shapes_tried():
    assert [(what, x.shape) for what, x in changed(np.ones((2, 3)))] == [
        ("with an axis more", (2, 3, 1)),
        ("with an axis less", (2,)),
        ("as a single number", ()),
        ("longer on axis 0", (3, 3)),
        ("longer on axis 1", (2, 4)),
    ]
    assert [x.shape for _, x in emptied(np.ones((2, 3)))] == [(0, 3), (2, 0)]
    assert [x.shape for _, x in changed(np.float64(1))] == [(1,)]


CHANGED = "bottoms of shapes [(2, 3, 1), (2, 3)] (bottom 0 with an axis more)"
EXPECTED = (
    "expected a result, or a ShapeError from `top_shapes` or `setup` that says what was expected and what was found; "
    "found ValueError: operands could not be broadcast together with shapes (2,3,1) (2,3) "
)


def test_an_error_of_numpys():
    class Trusts(Sum):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes[1:]

    text = says(Trusts)
    assert text == f"{CHANGED}, from the start: {EXPECTED}"


def test_an_error_of_numpys_after_a_forward():
    class ChecksOnce(Sum):
        def setup(self, bottom):
            Sum.top_shapes(self, [blob.shape for blob in bottom])

        def top_shapes(self, bottom_shapes):
            return bottom_shapes[1:]

    text = says(ChecksOnce)
    assert text == f"{CHANGED}, after a forward of others: {EXPECTED}"


def test_an_error_on_the_way_back():
    class Back(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data

        def backward(self, top, propagate_down, bottom):
            bottom[0].diff = top[0].diff.reshape(2, 3)

    with pytest.raises(CheckFailed, match="found ValueError: cannot reshape") as caught:
        check_shapes(lambda bottom: make_layer(Back, *bottom), [X], True)
    assert isinstance(caught.value.__cause__, ValueError)
    check_shapes(lambda bottom: make_layer(Back, *bottom), [X], False)


def test_an_error_that_shows_no_shape():
    class Vague(Sum):
        def says(self, a, b):
            return "wrong shapes (see the manual)"

    assert says(Vague) == (
        "bottoms of shapes [(2, 3, 1), (2, 3)] (bottom 0 with an axis more), from the start: "
        "expected a ShapeError that shows a shape, found: wrong shapes (see the manual)"
    )


@pytest.mark.parametrize("shape", ["()", "(5,)", "(2, 3, 4)", "a single number"])
def test_what_shows_a_shape(shape):
    class Says(Sum):
        def says(self, a, b):
            return f"found {shape}"

    check(Says)


def test_an_axis_without_numbers():
    class Largest(Layer):
        def top_shapes(self, bottom_shapes):
            return [bottom_shapes[0][:1]]

        def forward(self, bottom, top):
            top[0].data = bottom[0].data.max(axis=1)

    with pytest.raises(CheckFailed, match=r"\(bottom 0 empty on axis 1\), from the start: .* found ValueError: "):
        check_shapes(lambda bottom: make_layer(Largest, *bottom), [np.ones((2, 3))], False, changes=emptied)
