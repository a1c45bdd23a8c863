"""widgets/uphill.py: the walk of `class_model`, whatever the pauses."""

import numpy as np
import pytest

from cafe_edu.insight import class_model
from cafe_edu.widgets.uphill import STEPS, Uphill


@pytest.mark.parametrize(("target", "jitter"), [(("conv1", 3, 12, 12), 0), (("ip2", 4), 2)])
def test_in_parts_it_is_the_same_walk(target, jitter, lenet):
    walk = Uphill(lenet, target, (0.0, 1.0), jitter)
    for gone in range(1, 4):
        assert walk.go(seconds=0).gone == gone
        assert not walk.ended
    assert walk.go().ended
    expected = class_model(lenet, target, STEPS, rate=1 / STEPS, limits=(0, 1), jitter=jitter)
    np.testing.assert_array_equal(walk.x, expected)
