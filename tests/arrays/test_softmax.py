import numpy as np
import pytest

from cafe_edu.arrays.softmax import softmax, softmax_backward


def test_by_hand():
    assert np.allclose(softmax(np.log([[1.0, 2, 5]]), axis=1), [[1 / 8, 2 / 8, 5 / 8]])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_each_vector_sums_to_one(axis):
    p = softmax(np.random.default_rng(0).normal(size=(3, 4, 2)), axis)
    assert np.allclose(p.sum(axis=axis), 1)


def test_scores_of_any_size_stay_finite():
    x = np.array([[1e4, 0, -1e4], [-1e30, -1e30, -1e30]], np.float32)
    assert np.allclose(softmax(x, 1), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_it_may_write_over_its_input():
    x = np.array([[0.0, np.log(3)]])
    assert softmax(x, 1, out=x) is x
    assert np.allclose(x, [[0.25, 0.75]])


def test_backward_by_hand():
    p, dp = np.array([0.25, 0.75]), np.array([1.0, 0])
    assert softmax_backward(p, dp, 0).tolist() == [0.25 * 0.75, -0.25 * 0.75]
