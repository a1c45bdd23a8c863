import itertools

import numpy as np
import pytest

from cafe_edu.arrays import stochastic_pooling
from cafe_edu.arrays.pooling import pool_size
from cafe_edu.arrays.windows import Window

WINDOWS = [Window.square(2, stride=2), Window.square(3, stride=2), Window((2, 3), (1, 2), (0, 0), (1, 1))]


def windows_of(x, window):
    """(where in y, inputs under it row by row), by plain loops."""
    out = pool_size(x.shape[2:], window)
    for n, c, i, j in itertools.product(*map(range, (*x.shape[:2], *out))):
        (s, t), (k, m) = window.stride, window.kernel
        yield (n, c, i, j), x[n, c, i * s : i * s + k, j * t : j * t + m].ravel()


@pytest.mark.parametrize("window", WINDOWS)
def test_a_draw_stops_where_the_running_sum_reaches_it(window):
    rng = np.random.default_rng(0)
    x = np.maximum(rng.normal(size=(2, 3, 6, 7)), 0)  # with zeros, as a ReLU leaves them
    draws = 1 - rng.random((2, 3, *pool_size((6, 7), window)))
    y = np.empty_like(draws)
    stochastic_pooling.draw_forward(x, window, draws, y)
    for at, values in windows_of(x, window):
        assert y[at] == values[np.argmax(np.cumsum(values) >= draws[at] * np.cumsum(values)[-1])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_draw_of_one_reaches_an_input_whatever_the_rounding(dtype):
    x = np.random.default_rng(0).random((50, 4, 9, 9)).astype(dtype)
    window = Window.square(9)
    draws = np.ones((50, 4, 1, 1), dtype)
    index = stochastic_pooling.draw_forward(x, window, draws, np.empty_like(draws))
    assert index.max() <= 80


@pytest.mark.parametrize("window", WINDOWS)
def test_the_mean_by_plain_loops(window):
    x = np.random.default_rng(0).random((2, 3, 6, 7))
    y = np.empty((2, 3, *pool_size((6, 7), window)))
    stochastic_pooling.mean_forward(x, window, y)
    for at, values in windows_of(x, window):
        assert np.isclose(y[at], (values / values.sum() * values).sum())
