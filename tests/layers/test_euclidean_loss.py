import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

A, B = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [0, 4]])


def test_by_hand():
    trial = make_layer("EuclideanLoss", A, B)
    assert trial.forward()[0] == (2**2 + 3**2) / 4
    da, db = trial.backward(2.0)
    assert da.tolist() == [[0, 2], [3, 0]]
    assert db.tolist() == [[0, -2], [-3, 0]]


def test_a_column_beside_a_list_of_numbers():
    trial = make_layer("EuclideanLoss", [[1.0], [2]], [0.0, 4])
    assert trial.forward()[0] == 5 / 4
    da, db = trial.backward(2.0)
    assert da.tolist() == [[1], [-2]]
    assert db.tolist() == [-1, 2]


@pytest.mark.parametrize("b", [np.ones((2, 3)), np.ones((4, 1)), np.ones(4)])
def test_errors(b):
    with pytest.raises(ShapeError) as caught:
        make_layer("EuclideanLoss", A, b)
    assert str(caught.value) == (
        f"expected two bottoms of as many items with as many numbers each, found (2, 2) and {b.shape}"
    )
