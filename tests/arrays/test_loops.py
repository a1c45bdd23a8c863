"""The judge of the fast ones is judged by hand."""

import numpy as np
import pytest

from cafe_edu.arrays.loops import conv_loops, pool_loops
from cafe_edu.arrays.windows import Window

X = np.arange(1.0, 10).reshape(1, 1, 3, 3)  # 1 2 3 / 4 5 6 / 7 8 9


def test_convolution_by_hand():
    W = np.array([[[[1.0, 0], [0, -1]]]])
    assert conv_loops(X, W, np.array([0.5]), Window.square(2)).tolist() == [[[[-3.5, -3.5], [-3.5, -3.5]]]]


def test_padding_is_zero():
    y = conv_loops(X, np.ones((1, 1, 2, 2)), None, Window.square(2, stride=2, pad=1))
    assert y.tolist() == [[[[1, 5], [11, 28]]]]


def test_dilation_skips():
    y = conv_loops(X, np.ones((1, 1, 2, 2)), None, Window.square(2, dilation=2))
    assert y.tolist() == [[[[1 + 3 + 7 + 9]]]]


def test_groups_see_their_own_channels_only():
    x = np.array([[[1.0, 2], [10, 20]]])  # one item of 2 channels
    W = np.array([[[1.0]], [[2.0]]])
    assert conv_loops(x, W, None, Window.square(1, axes=1), group=2).tolist() == [[[1, 2], [20, 40]]]


@pytest.mark.parametrize(
    ("kind", "pad", "y"),
    [
        ("MAX", 0, [[5, 6], [8, 9]]),
        ("AVE", 0, [[3, 4.5], [7.5, 9]]),  # beyond the edge nothing counts
        ("MAX", 1, [[1, 3], [7, 9]]),
        ("AVE", 1, [[0.25, 1.25], [2.75, 7]]),  # padding counts as zeros
    ],
)
def test_pooling_by_hand(kind, pad, y):
    assert pool_loops(X, Window.square(2, stride=2, pad=pad), (2, 2), kind).tolist() == [[y]]
