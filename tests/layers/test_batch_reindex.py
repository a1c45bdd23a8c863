import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import DataError, ShapeError


def test_by_hand():
    trial = make_layer("BatchReindex", [[1.0, 2], [3, 4], [5, 6]], [2.0, 0, 2, 2])
    assert trial.forward()[0].tolist() == [[5, 6], [1, 2], [5, 6], [5, 6]]
    trial.bottom[0].diff[...] = 7
    dx, _ = trial.backward([[1, 2], [3, 4], [10, 20], [100, 200]])
    assert dx.tolist() == [[3, 4], [0, 0], [111, 222]]


def test_no_item_at_all():
    assert make_layer("BatchReindex", np.ones((3, 2)), np.ones(0)).forward()[0].shape == (0, 2)


def test_an_item_that_is_not_there():
    trial = make_layer("BatchReindex", np.ones((3, 2)), [0.0, 3])
    with pytest.raises(DataError) as caught:
        trial.forward()
    assert str(caught.value) == ("index 3 at place 1 is out of range: expected a whole number from 0 to 2 for 3 items")


def test_indices_on_one_axis():
    with pytest.raises(ShapeError) as caught:
        make_layer("BatchReindex", np.ones((3, 2)), np.ones((2, 1)))
    assert str(caught.value) == "expected items (N, ...) and their indices (M,), found (3, 2) and (2, 1)"
