import numpy as np
import pytest

from cafe_edu.arrays.indices import add_rows, as_indices
from cafe_edu.errors import DataError


def test_floats_become_integers():
    found = as_indices(np.float32([[2, 0], [1, 2]]), 3, "row")
    assert found.dtype == np.int64
    assert found.tolist() == [[2, 0], [1, 2]]


@pytest.mark.parametrize(("value", "shown"), [(3, "3"), (-1, "-1"), (0.5, "0.5"), (np.nan, "nan"), (np.inf, "inf")])
def test_out_of_range(value, shown):
    with pytest.raises(DataError) as caught:
        as_indices(np.float32([0, value]), 3, "row")
    assert str(caught.value) == (
        f"index {shown} at place 1 is out of range: expected a whole number from 0 to 2 for 3 rows"
    )


def test_rows_add_up():
    sums = np.ones((3, 2))
    add_rows(sums, np.array([2, 0, 2]), np.array([[1.0, 2], [3, 4], [5, 6]]))
    assert sums.tolist() == [[4, 5], [1, 1], [7, 9]]
