import numpy as np
import pytest

from cafe_edu.arrays.interpolation import linear_matrix


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("out", range(1, 18))
def test_it_is_numpys_interpolation(n, out):
    x = np.random.default_rng(n).normal(size=n)
    expected = np.interp(np.linspace(0, n - 1, out), np.arange(n), x)
    assert np.allclose(linear_matrix(n, out) @ x, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("n", "out"), [(1, 1), (1, 5), (5, 1), (2, 9), (9, 2), (60, 473), (1000, 3)])
def test_rows_share_out_one_to_two_neighbours(n, out):
    A = linear_matrix(n, out)
    assert A.shape == (out, n)
    assert np.allclose(A.sum(axis=1), 1)
    assert (A >= 0).all()
    for row in A:
        (where,) = np.nonzero(row)
        assert where.size <= 2
        assert where[-1] - where[0] <= 1


def test_the_same_length_changes_nothing():
    for n in range(1, 50):
        assert np.array_equal(linear_matrix(n, n), np.eye(n))


def test_the_ends_stay():
    for n in range(2, 40):
        for out in range(2, 60):
            A = linear_matrix(n, out)
            assert A[0, 0] == A[-1, -1] == 1
