"""engines/registers.py: tiles of sums of products."""

import numba
import numpy as np
import pytest

from cafe_edu.engines.instructions import lanes
from cafe_edu.engines.registers import (
    ACROSS,
    DOWN,
    copy,
    inner,
    outer,
    outer_back,
    outer_column,
    outer_column_back,
)

TAPS = np.array([0, 3, 50, 7, 19], np.int32)


def normal(seed, dtype, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tolerance(dtype):
    return {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-13, "atol": 1e-13}


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.fixture
def half(dtype):
    return lanes(np.dtype(dtype)) // 2


@pytest.mark.parametrize(("function", "across"), [(outer, ACROSS), (outer_column, 1)])
def test_outer(function, across, dtype, half):
    @numba.njit
    def run(W, x, taps, places, b, Y):
        function(W.reshape(-1), W.shape[1], W.shape[1], x, taps, places, 1, b, 1, Y.reshape(-1), 2, Y.shape[1])

    W, x, b = normal(1, dtype, DOWN + 1, len(TAPS)), normal(2, dtype, 500), normal(3, dtype, DOWN + 1)
    places = np.random.default_rng(4).integers(0, 400, 2 * across + 1)
    Y = np.zeros((DOWN, 2 * across * half + 5), dtype)
    run(W, x, TAPS, places, b, Y)
    numbers = (places[1:, None] + np.arange(half)).reshape(-1)
    expected = W[1:] @ x[TAPS[:, None] + numbers] + b[1:, None]
    np.testing.assert_allclose(Y[:, 2 : 2 + len(numbers)], expected, **tolerance(dtype))
    assert not Y[:, :2].any()
    assert not Y[:, 2 + len(numbers) :].any()  # nothing else is written


@pytest.mark.parametrize(("function", "across"), [(outer_back, ACROSS), (outer_column_back, 1)])
@pytest.mark.parametrize("rows", [DOWN, DOWN - 1])
def test_outer_back(function, across, rows, dtype, half):
    @numba.njit
    def run(W, x, taps, places, line, targets, rows):
        function(W.reshape(-1), W.shape[1], W.shape[1], x, taps, places, 1, line, 5, 100, targets, rows)

    W, x = normal(1, dtype, DOWN + 1, len(TAPS)), normal(2, dtype, 500)
    places, targets = np.random.default_rng(4).integers(0, 90 - half, (2, 2 * across + 1))
    targets[1:3] = 17  # two halves for one place
    line = normal(5, dtype, 5 + 100 * DOWN)
    expected = line.copy()
    run(W, x, TAPS, places, line, targets, rows)
    for m in range(rows):
        for p, target in zip(places[1:], targets[1:], strict=True):
            begin = 5 + 100 * m + target
            expected[begin : begin + half] += W[1 + m] @ x[TAPS[:, None] + p + np.arange(half)]
    np.testing.assert_allclose(line, expected, **tolerance(dtype))


def test_inner(dtype, half):
    @numba.njit
    def run(Y, x, taps, places, S):
        inner(Y.reshape(-1), Y.shape[1], Y.shape[1], x, taps, 1, places, S.reshape(-1), S.shape[1] + 1, S.shape[1])

    places = np.random.default_rng(4).integers(0, 400, 6)
    Y, x, S = normal(1, dtype, DOWN + 1, 6 * half), normal(2, dtype, 500), normal(3, dtype, DOWN + 1, ACROSS + 1)
    expected, before = S.copy(), S.copy()
    run(Y, x, TAPS, places, S)
    numbers = (places[:, None] + np.arange(half)).reshape(-1)
    expected[1:, 1:] += Y[1:] @ x[TAPS[1 : ACROSS + 1, None] + numbers].T
    np.testing.assert_allclose(S, expected, **tolerance(dtype))
    assert np.array_equal(S[0], before[0])


def test_copy(dtype):
    @numba.njit
    def run(source, target, count):
        copy(source, 2, target, 3, count)

    source, target = normal(1, dtype, 9), np.zeros(9, dtype)
    run(source, target, 0)
    assert not target.any()
    run(source, target, 5)
    assert np.array_equal(target, [0, 0, 0, *source[2:7], 0])
