"""Total variation and its slope."""

import numpy as np

from cafe_edu.insight.total_variation import total_variation


def test_slope_is_the_numeric_one():
    x = np.random.default_rng(0).normal(size=(2, 4, 5))
    _, dV = total_variation(x, eps=0.1)
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = 1e-6
        slope = (total_variation(x + e, 0.1)[0] - total_variation(x - e, 0.1)[0]) / 2e-6
        assert abs(slope - dV[i]) < 1e-6


def test_an_edge_counts_once_however_steep_its_way():
    sharp = np.array([[0, 0, 0, 1, 1, 1.0]])
    ramp = np.array([[0, 0.2, 0.4, 0.6, 0.8, 1.0]])
    assert abs(total_variation(sharp, 1e-9)[0] - total_variation(ramp, 1e-9)[0]) < 1e-6
