import math

import numpy as np
import pytest

from cafe_edu.arrays.erf import erf

X = np.concatenate([np.linspace(-7, 7, 20001), np.linspace(-0.01, 0.01, 101), [6, -6, 5.9999999, 1e-300, -0.0]])
RIGHT = np.array([math.erf(x) for x in X])


@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 1e-13), (np.float32, 3e-7)])
def test_it_is_pythons(dtype, most):
    x = X.astype(dtype)
    y = erf(x)
    assert y.dtype == dtype
    assert np.abs(y - RIGHT).max() < most


def test_small_numbers_keep_their_digits():
    x = np.array([1e-3, 1e-8, 1e-100])
    assert np.allclose(erf(x), [math.erf(v) for v in x], rtol=1e-13, atol=0)


def test_far_from_zero_it_is_one_exactly():
    assert erf(np.array([-np.inf, -1e9, -6.5, 6.5, np.inf])).tolist() == [-1, -1, -1, 1, 1]


def test_nan_stays_nan():
    assert np.isnan(erf(np.array([np.nan]))).all()


def test_its_slope_is_the_bell():
    """What a gradient check sees: no steps between the polynomial's pieces, and none at its ends."""
    x, h = np.linspace(-6.5, 6.5, 4001), 1e-4
    slope = (erf(x + h) - erf(x - h)) / (2 * h)
    assert np.abs(slope - 2 / math.sqrt(math.pi) * np.exp(-(x**2))).max() < 1e-8


def test_any_shape_and_the_input_left_alone():
    x = np.arange(6.0).reshape(2, 1, 3)
    before = x.copy()
    assert erf(x).shape == (2, 1, 3)
    assert erf(np.zeros((0, 3))).shape == (0, 3)
    assert np.array_equal(x, before)
