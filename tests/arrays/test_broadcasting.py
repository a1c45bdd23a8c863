import numpy as np
import pytest

from cafe_edu.arrays.broadcasting import by_channel, check, span
from cafe_edu.arrays.scaling import scale_backward, scale_forward
from cafe_edu.errors import ShapeError

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))


@pytest.mark.parametrize(("axis", "num_axes"), [(0, 1), (1, 1), (1, 2), (-2, 2), (-1, 1), (0, -1), (2, -1), (5, 0)])
def test_a_scale_and_its_gradient_are_transposes(axis, num_axes):
    """For all a and x: the sum of x times a, laid along its axes, is the sum of a times its gradient."""
    shape = span(X.shape, axis, num_axes)
    check(X.shape, shape, axis)
    a, x = np.random.default_rng(1).normal(size=shape), by_channel(X, shape, axis)
    y, da = np.empty_like(x), np.zeros(a.size)
    scale_forward(x, a.reshape(-1), None, y, None)
    first = axis if axis >= 0 else axis + 4
    lined_up = a.reshape(*shape, *(1,) * (4 - first - len(shape))) if shape else a
    np.testing.assert_allclose(y.reshape(X.shape), X * lined_up)
    scale_backward(np.ones_like(x), x, a.reshape(-1), da, None, None)
    assert np.isclose(y.sum(), (a.reshape(-1) * da).sum())


def test_errors():
    with pytest.raises(ShapeError) as caught:
        span((2, 3), 2, 1)
    assert str(caught.value) == "expected an axis within (2, 3), found axis: 2"
    with pytest.raises(ShapeError) as caught:
        span((2, 3), 1, -2)
    assert str(caught.value) == "expected num_axes from -1 to 1 (axis 1 of (2, 3)), found -2"
    with pytest.raises(ShapeError) as caught:
        check((2, 3, 4), (3, 4, 1), 1)
    assert str(caught.value) == "expected the shape (3, 4) that stands in (2, 3, 4) from axis 1 on, found (3, 4, 1)"
