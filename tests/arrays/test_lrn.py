import numpy as np
import pytest

from cafe_edu.arrays.lrn import window_sum


@pytest.mark.parametrize("size", [1, 3, 5, 9, 21])
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2)])
def test_window_sum_against_plain_sums(size, axes):
    x = np.random.default_rng(0).normal(size=(4, 7, 3))
    expected, half = x, size // 2
    for axis in axes:
        parts = [
            expected.take(range(max(0, i - half), min(x.shape[axis], i + half + 1)), axis) for i in range(x.shape[axis])
        ]
        expected = np.stack([part.sum(axis=axis) for part in parts], axis=axis)
    assert np.allclose(window_sum(x, size, axes, np.empty_like(x)), expected)
