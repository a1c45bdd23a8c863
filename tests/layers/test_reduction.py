import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = [[1.0, -2, 3], [0, 5, -6]]


def reduced(x, options):
    return make_layer("Reduction", x, spec=f"reduction_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "y", "dx"),
    [
        ("SUM coeff: 2", [4, -2], [[2, 2, 2], [20, 20, 20]]),
        ("ASUM", [6, 11], [[1, -1, 1], [0, 10, -10]]),
        ("SUMSQ coeff: 0.5", [7, 30.5], [[1, -2, 3], [0, 50, -60]]),
        ("MEAN coeff: 3", [2, -1], [[1, 1, 1], [10, 10, 10]]),
    ],
)
def test_by_hand(options, y, dx):
    trial = reduced(X, f"axis: 1 operation: {options}")
    np.testing.assert_allclose(trial.forward()[0], y)
    np.testing.assert_allclose(trial.backward([1, 10])[0], dx)


@pytest.mark.parametrize(("axis", "shape"), [(0, ()), (1, (2,)), (-1, (2, 3)), (-3, ())])
def test_the_axis_and_all_behind_it_go(axis, shape):
    assert reduced(np.ones((2, 3, 4)), f"axis: {axis}").forward()[0].shape == shape


def test_the_mean_of_nothing_is_zero():
    assert reduced(np.ones((0, 3)), "operation: MEAN").forward()[0] == 0


def test_no_such_axis():
    with pytest.raises(ShapeError) as caught:
        reduced(X, "axis: 2")
    assert str(caught.value) == "expected an axis within (2, 3), found axis: 2"
