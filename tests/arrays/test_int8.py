"""Sums of 8-bit products, held against plain whole numbers of Python's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.arrays import int8
from cafe_edu.arrays.windows import Window
from cafe_edu.device import module_of, to_numpy
from cafe_edu.errors import DataError


def whole(rng, *shape):
    """8-bit numbers, most of them at the ends, where sums are longest."""
    return np.where(rng.random(shape) < 0.5, rng.integers(-127, 128, shape), 127)


def plain_product(x, W, b):
    """x Wᵀ + b with Python's whole numbers, which have no end."""
    x, W = x.astype(int).tolist(), W.tolist()
    return [[bias + sum(map(int.__mul__, row, w)) for w, bias in zip(W, b.tolist(), strict=True)] for row in x]


def plain_convolution(x, W, b, window, group):
    """W * x + b likewise, one output at a time."""
    x = x.astype(int)
    pad = [(0, 0), (0, 0), *((p, p) for p in window.pad)]
    x = np.pad(x, pad)
    N, O, C = len(x), len(W), W.shape[1]
    out = [(n - e) // s + 1 for n, e, s in zip(x.shape[2:], window.extent, window.stride, strict=True)]
    y = np.zeros((N, O, *out), object)
    for n, o, *at in np.ndindex(N, O, *out):
        first = o // (O // group) * C
        seen = tuple(
            slice(i * s, i * s + e, d)
            for i, s, e, d in zip(at, window.stride, window.extent, window.dilation, strict=True)
        )
        pairs = zip(x[n, first : first + C, *seen].ravel().tolist(), W[o].ravel().tolist(), strict=True)
        y[n, o, *at] = int(b[o]) + sum(a * w for a, w in pairs)
    return y


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, 5, 1040, 1041, 2500]))
def test_products_are_exact(seed, M, N, K):
    rng = np.random.default_rng(seed)
    x, W, b = whole(rng, M, K), whole(rng, N, K), rng.integers(-(2**30), 2**30, N)
    for dtype in (np.float32, np.float64):
        y = np.empty((M, N), dtype)
        found = int8.matmul_int8(x.astype(dtype), W.astype(np.int8), b.astype(np.int32), y)
        assert found.dtype == np.int32
        assert found.tolist() == plain_product(x, W, b)


@given(st.data())
def test_convolutions_are_exact(data):
    def number(least, most):
        return data.draw(st.integers(least, most))

    rng = np.random.default_rng(number(0, 2**32 - 1))
    group, C, M, N = number(1, 3), number(1, 3), number(1, 2), number(0, 2)
    window = Window.square(number(1, 3), stride=number(1, 2), pad=number(0, 2), dilation=number(1, 2))
    size = (number(5, 7), number(5, 7))
    x, W = whole(rng, N, group * C, *size), whole(rng, group * M, C, *window.kernel)
    b = rng.integers(-(2**30), 2**30, group * M)
    y = np.empty((N, group * M, *window.conv_size(size)), np.float32)
    found = int8.conv_int8(x.astype(np.float32), W.astype(np.int8), b.astype(np.int32), window, group, y)
    assert found.tolist() == plain_convolution(x, W, b, window, group).tolist()


@pytest.mark.parametrize(("channels", "group"), [(130, 1), (500, 2)])  # 9 places: 115 channels to a slice
def test_long_sums_of_a_convolution_are_exact(channels, group):
    """All 127: the sum is odd, and larger than float32 holds odd numbers."""
    x = np.full((1, channels, 3, 4), 127, np.float32)
    W, b = np.full((2, channels // group, 3, 3), 127, np.int8), np.array([1, 2], np.int32)
    y = np.empty((1, 2, 1, 2), np.float32)
    found = int8.conv_int8(x, W, b, Window.square(3), group, y)
    sum_ = channels // group * 9 * 127**2
    assert sum_ > 2**24
    assert found.ravel().tolist() == [sum_ + 1, sum_ + 1, sum_ + 2, sum_ + 2]


def test_the_bounds_hold_and_are_tight():
    assert int8.TERMS * 127**2 <= 2**24 < (int8.TERMS + 1) * 127**2
    assert int8.LONGEST * 127**2 + int8.BIAS <= 2**31 - 1 < (int8.LONGEST + 1) * 127**2 + int8.BIAS
    x, W = np.full((1, int8.LONGEST), 127, np.float32), np.full((1, int8.LONGEST), 127, np.int8)
    found = int8.matmul_int8(x, W, np.array([int8.BIAS], np.int32), np.empty((1, 1), np.float32))
    assert found.item() == int8.LONGEST * 127**2 + int8.BIAS


def test_what_is_refused():
    assert int8.refusal(int8.LONGEST, int8.TERMS) == ""
    assert int8.refusal(int8.LONGEST + 1) == (
        f"a sum of {int8.LONGEST + 1} products may not fit in 32 bits; expected at most {int8.LONGEST}"
    )
    assert int8.refusal(1089, 1089) == "a kernel of 1089 places is not exact in one slice; expected at most 1040"


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1), st.floats(2**-100, 2**100, width=32))
def test_steps_are_the_nearest_ones(values, scale):
    x, s = np.array(values, np.float32), np.float32(scale)
    found = int8.to_int8(x, s).tolist()
    for value, q in zip(values, found, strict=True):
        exact = min(max(value / float(s), -127), 127)
        assert q == int(q)
        assert abs(q - exact) <= 0.5 + 1e-4


def test_half_a_step_goes_to_the_even_neighbour():
    assert int8.to_int8(np.array([0.5, 1.5, 2.5, -0.5, -1.5]), np.array(1.0)).tolist() == [0, 2, 2, 0, -2]


def test_infinity_is_the_largest_number_and_nan_is_none(device):
    xp = module_of(device)
    x = xp.asarray([[math.inf, -math.inf]], np.float32)
    assert to_numpy(int8.to_int8(x, xp.ones((), np.float32))).tolist() == [[127, -127]]
    with pytest.raises(DataError, match="expected numbers, found NaN, which 8 bits cannot say"):
        int8.to_int8(xp.asarray([[0.0, math.nan]], np.float32), xp.ones((), np.float32))


def test_a_relu_cuts_off_the_sums():
    sums, y = np.array([[-3, 0, 2**30]], np.int32), np.empty((1, 3), np.float32)
    int8.to_float(sums.copy(), np.float32(0.5), False, y)
    assert y.tolist() == [[-1.5, 0, 2**29]]
    int8.to_float(sums.copy(), np.float32(0.5), True, y)
    assert y.tolist() == [[0, 0, 2**29]]
