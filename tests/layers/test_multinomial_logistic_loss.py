import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import DataError, ShapeError

P = np.array([[0.25, 0.75], [0.5, 0.5]])


def loss(p, t, **keywords):
    return make_layer("MultinomialLogisticLoss", p, t, **keywords)


@pytest.mark.parametrize(("p_shape", "t_shape"), [((2, 2), (2,)), ((2, 2, 1, 1), (2, 1, 1, 1)), ((2, 1, 2), (2, 1))])
def test_by_hand(p_shape, t_shape):
    trial = loss(P.reshape(p_shape), np.reshape([1.0, 0], t_shape))
    assert np.isclose(trial.forward()[0], -np.log(0.75 * 0.5) / 2)
    dp, _ = trial.backward(3.0)
    assert np.allclose(dp, np.reshape([[0, -2], [-3, 0]], p_shape))


def test_the_impossible_costs_a_finite_loss():
    trial = loss([[0.0, 1]], [0], dtype=np.float32)
    assert np.isclose(trial.forward()[0], -np.log(1e-20))
    assert np.allclose(trial.backward(1.0)[0], [[-1e20, 0]])


def test_errors():
    with pytest.raises(DataError) as caught:
        loss(P, [0, 2]).forward()
    assert str(caught.value) == ("label 2 of item 1 is out of range: expected a whole number from 0 to 1 for 2 classes")
    with pytest.raises(ShapeError, match=r"expected one label for each of 2 score vectors .*, found \(3,\)"):
        loss(P, [0, 1, 1])
    with pytest.raises(ShapeError) as caught:
        loss(1.0, [0])
    assert str(caught.value) == "expected probabilities of shape (N, classes...), found a single number"
