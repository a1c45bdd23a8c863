"""solvers/sgd.py: a heavy ball."""

import numpy as np
import pytest

from cafe_edu.proto import caffe_pb2
from cafe_edu.solvers.sgd import SGD


@pytest.mark.parametrize(("momentum", "updates"), [(0, [0.5, 1, -1]), (0.5, [0.5, 1.25, -0.375])])
def test_by_hand(momentum, updates):
    """Gradients 1, 2, -2 at rate 0.5: h = momentum h + 0.5 g."""
    rule = SGD(caffe_pb2.SolverParameter(momentum=momentum))
    history = [np.zeros(2)]
    for t, (g, u) in enumerate(zip([1, 2, -2], updates, strict=True)):
        gradient = np.full(2, g, float)
        found = rule.update(gradient, history, 0.5, t)
        np.testing.assert_array_equal(found, [u, u])
        np.testing.assert_array_equal(history[0], [u, u])
        assert found is gradient  # written over it
        assert not np.shares_memory(found, history[0])


def test_the_rate_is_inside():
    """A new rate does not change the speed the ball already has."""
    rule = SGD(caffe_pb2.SolverParameter(momentum=1))
    history = [np.zeros(1)]
    rule.update(np.ones(1), history, 1, 0)
    np.testing.assert_allclose(rule.update(np.ones(1), history, 0.1, 1), [1.1])
