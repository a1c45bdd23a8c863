import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import DataError, ShapeError

X = np.array([[2.0, 0.5, -3], [0.25, -2, -1.5]])  # misses 0, 1.5, 0 and 0.75, 0, 0 for labels 0, 0
MISS = np.array([[0, 1.5, 0], [0.75, 0, 0]])
SIGN = np.array([[0, 1, 0], [-1, 0, 0]])


def loss(x, t, norm="L1", **keywords):
    return make_layer("HingeLoss", x, t, spec=f"hinge_loss_param {{ norm: {norm} }}", **keywords)


@pytest.mark.parametrize(("norm", "total", "slope"), [("L1", MISS.sum(), 1), ("L2", (MISS**2).sum(), 2 * MISS)])
def test_by_hand(norm, total, slope):
    trial = loss(X, [0, 0], norm)
    assert np.isclose(trial.forward()[0], total / 2)
    assert np.allclose(trial.backward(3.0)[0], 3 * SIGN * slope / 2)


def test_the_bottoms_diff_is_free_between_forward_and_backward():
    trial = loss(X, [0, 0], "L2")
    trial.forward()
    trial.bottom[0].diff[...] = 99
    assert np.allclose(trial.backward(2.0)[0], 2 * SIGN * MISS)


def test_errors():
    with pytest.raises(DataError) as caught:
        loss(X, [0, -1]).forward()
    assert str(caught.value) == (
        "label -1 of item 1 is out of range: expected a whole number from 0 to 2 for 3 classes"
    )
    with pytest.raises(ShapeError, match=r"expected one label for each of 2 score vectors .*, found \(1,\)"):
        loss(X, [0])
    with pytest.raises(ShapeError) as caught:
        loss(1.0, [0])
    assert str(caught.value) == "expected scores of shape (N, classes...), found a single number"
