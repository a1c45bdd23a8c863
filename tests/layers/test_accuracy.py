import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import DataError, ShapeError, SpecError

X = np.array([[3.0, 2, 1], [1, 3, 2], [1, 2, 3], [1, 3, 2]])


def accuracy(x, t, options="", **keywords):
    return make_layer("Accuracy", x, t, spec=f"accuracy_param {{ {options} }}", **keywords)


@pytest.mark.parametrize(("top_k", "share"), [(1, 0.5), (2, 0.75), (3, 1)])
def test_by_hand(top_k, share):
    (y,) = accuracy(X, [0, 1, 1, 0], f"top_k: {top_k}").forward()
    assert y == share


def test_a_tie_and_a_nan_count_against_the_net():
    assert accuracy([[1.0, 1, 0]], [0]).forward()[0] == 0
    assert accuracy([[np.nan, np.nan, np.nan]], [0]).forward()[0] == 0
    assert accuracy([[5, np.nan, 1]], [0]).forward()[0] == 0


def test_ignored_labels_do_not_count():
    assert accuracy(X, [0, 7, 7, 0], "ignore_label: 7").forward()[0] == 0.5
    assert accuracy(X, [7, 7, 7, 7], "ignore_label: 7").forward()[0] == 0


def test_each_class():
    y, each = accuracy(X, [0, 1, 0, 0], tops=2).forward()
    assert y == 0.5
    assert np.allclose(each, [1 / 3, 1, 0])


def test_images_of_scores_and_another_axis():
    x = X.T.reshape(1, 3, 2, 2)
    assert accuracy(x, np.reshape([0, 1, 1, 0], (1, 2, 2))).forward()[0] == 0.5
    assert accuracy(X.T, [0, 1, 1, 0], "axis: 0").forward()[0] == 0.5
    assert accuracy(X, [0, 1, 1, 0], "axis: -1").forward()[0] == 0.5


@pytest.mark.parametrize("k", [0, 4])
def test_top_k_of_what_there_is(k):
    with pytest.raises(SpecError) as caught:
        accuracy(X, [0, 1, 1, 0], f"top_k: {k}")
    assert str(caught.value) == f"expected `top_k` of 1 to 3 for the 3 classes of (4, 3), found {k}"


def test_errors():
    with pytest.raises(ShapeError, match=r"expected one label for each of 4 score vectors .*, found \(3,\)"):
        accuracy(X, [0, 1, 2])
    with pytest.raises(DataError, match="label 3 of item 1 is out of range"):
        accuracy(X, [0, 3, 0, 0]).forward()
