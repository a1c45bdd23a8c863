"""Saliency against what the image itself does to the score."""

import numpy as np
import pytest

from cafe_edu.insight import saliency
from cafe_edu.insight.objective import score_of


@pytest.mark.parametrize("probability", [False, True])
def test_it_is_the_largest_numeric_slope_of_the_channels(mixed, probability):
    net, x = mixed
    score = score_of(net, 1, probability)
    slopes = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = 1e-6
        slopes[i] = (score((x + e)[None])[0] - score((x - e)[None])[0]) / 2e-6
    np.testing.assert_allclose(saliency(net, x, 1, probability), np.abs(slopes).max(axis=0), rtol=1e-6, atol=1e-9)


def test_of_a_unit_only_what_it_sees_is_bright(spot):
    net, image = spot
    found = saliency(net, image, ("conv", 0, 4, 6))
    assert np.array_equal(np.argwhere(found > 0).min(axis=0), [3, 5])
    assert np.array_equal(np.argwhere(found > 0).max(axis=0), [5, 7])
