"""engines/pooling_rows.py: windows looked through many at a time, as plain.py has it."""

import numpy as np
import pytest

from cafe_edu.arrays.pooling import pool_size
from cafe_edu.arrays.windows import Window
from cafe_edu.engines import fast_cpu, plain

WINDOWS = [
    Window.square(2, stride=2),
    Window.square(3, stride=2),
    Window.square(3, stride=2, pad=1),
    Window.square(3, stride=1, pad=1),
    Window.square(5, stride=3, pad=2),
    Window((2, 4), (3, 1), (1, 3), (1, 1)),
    Window.square(17, stride=1, pad=2),  # places beyond a byte
]
SIZES = [(17, 17), (17, 40), (18, 23), (33, 19)]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_plain(window, size, dtype):
    x = np.round(np.random.default_rng(1).normal(size=(2, 3, *size)), 1).astype(dtype)  # with ties
    x[0, 0], x[1, 2, -1], x[0, 1, :, 0] = -np.inf, -np.inf, np.inf
    y, expected = (np.full((2, 3, *pool_size(size, window)), np.nan, dtype) for _ in range(2))
    ours, theirs = fast_cpu.max_forward(x, window, y, True), plain.max_forward(x, window, expected, True)
    assert np.array_equal(y, expected)
    assert np.array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype
    dx, dx_expected, dy = np.full_like(x, np.nan), np.full_like(x, np.nan), np.ones_like(y)
    fast_cpu.max_backward(dy, ours, window, dx)
    plain.max_backward(dy, theirs, window, dx_expected)
    assert np.array_equal(dx, dx_expected)
    x[~np.isfinite(x)] = 3
    fast_cpu.ave_forward(x, window, y)
    plain.ave_forward(x, window, expected)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("size", SIZES)
def test_nan_comes_through_and_stays_in_its_windows(window, size):
    x = np.random.default_rng(1).normal(size=(2, 3, *size)).astype(np.float32)
    x.reshape(-1)[[0, 5, -1]] = np.nan  # at both ends of the array and of a row, and within
    x[0, 1, 4, -1] = np.nan
    y, expected = (np.empty((2, 3, *pool_size(size, window)), np.float32) for _ in range(2))
    for function in ("max_forward", "ave_forward"):
        more = [True] if function == "max_forward" else []
        getattr(fast_cpu, function)(x, window, y, *more)
        getattr(plain, function)(x, window, expected, *more)
        assert np.isnan(expected).any()
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
