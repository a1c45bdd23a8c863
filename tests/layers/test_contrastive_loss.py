import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

A = np.array([[3.0, 4], [0.6, 0.8], [3, 4], [7, 7]])  # at distances 5, 1, 5 and 0 from B
B = np.array([[0.0, 0], [0, 0], [0, 0], [7, 7]])
ALIKE = [1.0, 0, 0, 0]


def loss(a, b, t, options="", **keywords):
    return make_layer("ContrastiveLoss", a, b, t, spec=f"contrastive_loss_param {{ {options} }}", **keywords)


def test_by_hand():
    trial = loss(A, B, ALIKE, "margin: 3")
    assert np.isclose(trial.forward()[0], (25 + 2**2 + 0 + 3**2) / 8)
    da, db, _ = trial.backward(4.0)
    assert np.allclose(da, [[3, 4], [-2 * 0.6 / 1.0001, -2 * 0.8 / 1.0001], [0, 0], [0, 0]])
    assert np.array_equal(db, -da)


def test_the_first_version():
    trial = loss(A, B, ALIKE, "margin: 3 legacy_version: true")
    assert np.isclose(trial.forward()[0], (25 + 2 + 0 + 3) / 8)
    assert np.allclose(trial.backward(4.0)[0], [[3, 4], [-0.6, -0.8], [0, 0], [0, 0]])


def test_anything_with_a_whole_part_is_alike():
    assert loss([[3.0]] * 3, [[0.0]] * 3, [-2, 0.9, 1.5]).forward()[0] == 18 / 6


def test_pictures_as_caffe_wants_them():
    """(N, C, 1, 1) and (N, 1, 1, 1)."""
    trial = loss(A.reshape(4, 2, 1, 1), B.reshape(4, 2, 1, 1), np.reshape(ALIKE, (4, 1, 1, 1)), "margin: 3")
    assert np.isclose(trial.forward()[0], 38 / 8)
    assert trial.backward(1.0)[1].shape == (4, 2, 1, 1)


def test_errors():
    with pytest.raises(ShapeError) as caught:
        loss(A, B[:, :1], ALIKE)
    assert str(caught.value) == (
        "expected two bottoms of as many items with as many numbers each, found (4, 2) and (4, 1)"
    )
    with pytest.raises(ShapeError) as caught:
        loss(A, B, [1, 0])
    assert str(caught.value) == "expected one number for each of 4 pairs, alike or not, found (2,)"
