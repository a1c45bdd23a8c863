import numpy as np
import pytest

from cafe_edu.arrays.broadcasting import check, gather, span, spread
from cafe_edu.errors import ShapeError

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))


@pytest.mark.parametrize(("axis", "num_axes"), [(0, 1), (1, 1), (1, 2), (-2, 2), (-1, 1), (0, -1), (2, -1), (5, 0)])
def test_spread_and_gather_are_transposes(axis, num_axes):
    """For all a and x: the sum of spread(a) x is the sum of a gather(x)."""
    shape = span(X.shape, axis, num_axes)
    check(X.shape, shape, axis)
    a = np.random.default_rng(1).normal(size=shape)
    gathered = gather(X, shape, axis)
    assert gathered.shape == shape
    assert np.isclose((spread(a, axis, 4) * X).sum(), (a * gathered).sum())


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
