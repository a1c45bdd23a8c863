"""widgets/window_sum.py: the terms add up to what the layers say, wherever the window stands."""

import numpy as np
import pytest

from cafe_edu.arrays.loops import conv_loops, pool_loops
from cafe_edu.errors import CafeError
from cafe_edu.widgets.window_sum import MODES, size_formula, sum_formula, take_apart, window_sum

SETTINGS = [(1, 1, 0, 1), (3, 1, 0, 1), (3, 2, 1, 1), (2, 3, 1, 1), (3, 2, 2, 2), (4, 1, 3, 1)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("k", "s", "p", "d"), SETTINGS)
def test_every_output_is_made_of_its_terms(mode, k, s, p, d):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(7, 6)), rng.normal(size=(k, k))
    look = window_sum(x, W if mode == MODES[0] else k, mode, s, p, d)
    if mode == MODES[0]:
        expected = conv_loops(x[None, None], W[None, None], None, look.window)
    else:
        expected = pool_loops(x[None, None], look.window, look.output.shape, mode[:3].upper())
    np.testing.assert_allclose(look.output, expected[0, 0], atol=1e-12)
    for at in np.ndindex(*look.output.shape):
        one = take_apart(look, at)
        total = np.nansum(one.terms) / (one.area if mode == "average pooling" else 1)
        assert total == pytest.approx(one.value, abs=1e-12)
        for place, (row, column) in zip(np.ndindex(k, k), one.places.reshape(-1, 2), strict=True):
            if 0 <= row < 7 and 0 <= column < 6:
                assert one.seen[place] == x[row, column]


@pytest.mark.parametrize(
    ("n", "k", "s", "p"), [(7, 2, 2, 0), (8, 3, 2, 0), (5, 2, 2, 1), (4, 2, 3, 1), (6, 3, 3, 0), (2, 3, 2, 0)]
)
@pytest.mark.parametrize("mode", MODES)
def test_the_size_formula_ends_with_the_layers_own_size(n, k, s, p, mode):
    if mode == MODES[0] and n + 2 * p < k:
        return
    look = window_sum(np.zeros((n, n)), np.zeros((k, k)) if mode == MODES[0] else k, mode, s, p)
    lines = size_formula(look).splitlines()
    told = int(lines[0].rsplit("= ", 1)[1])
    if len(lines) == 2 and lines[1].startswith("one fewer"):
        told -= 1
    assert told == look.output.shape[0]


def test_rounding_up_and_the_window_left_out():
    look = window_sum(np.zeros((4, 4)), 2, "max pooling", stride=3, pad=1)
    assert size_formula(look) == (
        "OH = ceil((H + 2p - k) / s) + 1 = ceil((4 + 2*1 - 2) / 3) + 1 = ceil(1.33333) + 1 = 3\n"
        "one fewer, 2: with padding, a last window that would start behind the image is left out"
    )


def test_sums_in_words():
    x = np.arange(16.0).reshape(4, 4)
    assert sum_formula(window_sum(x, 2, "max pooling")) == "y[0, 0] = max(0, 1, 4, 5) = 5"
    assert sum_formula(window_sum(x, 3, "average pooling", pad=1)) == (
        "y[0, 0] = (0 + 0 + 0 + 0 + 0 + 1 + 0 + 4 + 5) / 9 = 1.111"
    )
    assert sum_formula(window_sum(x, np.ones((4, 4))), most=3) == "y[0, 0] = 0*1 + 1*1 + 2*1 + ... = 120"


def test_errors():
    with pytest.raises(CafeError, match="no mode 'mean'; there are convolution, max pooling, average pooling"):
        window_sum(np.zeros((4, 4)), 2, "mean")
