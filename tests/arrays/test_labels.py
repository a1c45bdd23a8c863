import numpy as np
import pytest

from cafe_edu.arrays.labels import check_shape, flatten
from cafe_edu.errors import DataError, ShapeError


@pytest.mark.parametrize(
    ("scores", "labels", "axis"),
    [((2, 5), (2,), 1), ((2, 5), (2, 1, 1, 1), -1), ((2, 5, 3, 4), (2, 3, 4), 1), ((3, 5, 2), (5, 2), 0)],
)
def test_one_label_for_each_score_vector(scores, labels, axis):
    check_shape(scores, labels, axis)


def test_too_few_labels():
    with pytest.raises(ShapeError) as error:
        check_shape((2, 5, 3), (2,), 1)
    assert str(error.value) == (
        "expected one label for each of 6 score vectors (scores (2, 5, 3), classes on axis 1), found (2,)"
    )


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there(axis):
    with pytest.raises(ShapeError) as error:
        check_shape((2, 5), (2,), axis)
    assert str(error.value) == f"expected an axis within (2, 5), found axis: {axis}"


def test_flatten_brings_the_classes_to_the_middle():
    x = np.arange(24.0).reshape(2, 3, 4)
    scores, label, counts = flatten(x, np.array([[0, 1, 2, 0], [2, 2, 1, 0.0]]), -2)
    assert scores.shape == (2, 3, 4)
    assert label.dtype == np.int64
    assert label.tolist() == [[0, 1, 2, 0], [2, 2, 1, 0]]
    assert counts.all()
    scores, label, _ = flatten(x.reshape(6, 4), np.zeros(6), -1)
    assert scores.shape == (6, 4, 1)
    assert label.shape == (6, 1)


def test_ignored_labels_do_not_count_and_need_not_be_classes():
    _, label, counts = flatten(np.zeros((3, 2)), np.array([1.0, 255, 0]), 1, ignore_label=255)
    assert counts.tolist() == [[True], [False], [True]]
    assert label.tolist() == [[1], [0], [0]]


@pytest.mark.parametrize(
    ("value", "said"),
    [(5, "5"), (-1, "-1"), (np.nan, "nan"), (np.inf, "inf"), (1.5, "1.5"), (16777216, "16777216")],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_label_that_is_no_class(value, said, dtype):
    with pytest.raises(DataError) as error:
        flatten(np.zeros((3, 5), dtype), np.array([0, value, 9], dtype), 1)
    assert str(error.value) == (
        f"label {said} of item 1 is out of range: expected a whole number from 0 to 4 for 5 classes"
    )


def test_integer_labels_will_do():
    assert flatten(np.zeros((2, 3)), np.array([2, 0]), 1)[1].tolist() == [[2], [0]]
