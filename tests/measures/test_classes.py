import numpy as np
import pytest

from cafe_edu.errors import DataError, ShapeError
from cafe_edu.measures.classes import class_means, confusion, hardest


def test_means_of_bytes_do_not_overflow():
    classes, counts, means = class_means(np.full((300, 1, 2, 2), 200, np.uint8), np.arange(300) % 2)
    assert (classes.tolist(), counts.tolist()) == ([0, 1], [150, 150])
    assert (means == 200).all()


def test_labels_as_a_data_layer_keeps_them():
    labels = np.array([[0.0], [1], [1]], np.float32)
    assert confusion(labels, [0, 0, 1], 3).tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_hardest_first_and_no_more_than_there_are():
    p = np.array([[0.2, 0.8], [0.9, 0.1], [0.6, 0.4]])
    assert hardest([0, 1, 0], p).tolist() == [1, 0, 2]


def test_what_is_wrong_is_said():
    with pytest.raises(ShapeError, match="expected 3 labels, one for each item, found 2"):
        class_means(np.zeros((3, 2, 2)), [0, 1])
    with pytest.raises(DataError, match=r"labels that are whole numbers of 0 or more, found 0\.5"):
        confusion([0, 0.5], [0, 1])
    with pytest.raises(DataError, match="answers that are whole numbers of 0 or more, found -1"):
        confusion([0, 0], [0, -1])
    with pytest.raises(ShapeError, match=r"expected labels, one for each item, found an array of \(2, 3\)"):
        confusion(np.zeros((2, 3)), [0, 1])
    with pytest.raises(DataError, match="expected labels and answers below 2, the number of classes, found 2"):
        confusion([0, 2], [0, 1], 2)
    with pytest.raises(ShapeError, match=r"expected probabilities \(N, classes\), found \(2,\)"):
        hardest([0, 1], [0.5, 0.5])
    with pytest.raises(DataError, match="expected labels below 2, the number of probabilities, found 2"):
        hardest([2], [[0.5, 0.5]])
