import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("Softmax", np.log([[1.0, 3], [1, 1]]), in_place=in_place)
    assert np.allclose(trial.forward()[0], [[0.25, 0.75], [0.5, 0.5]])
    (dx,) = trial.backward([[1.0, 0], [2, 2]])
    assert np.allclose(dx, [[0.25 * 0.75, -0.25 * 0.75], [0, 0]])


@pytest.mark.parametrize("axis", [0, 2, -2])
def test_the_axis_that_sums_to_one(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    (y,) = make_layer("Softmax", x, spec=f"softmax_param {{ axis: {axis} }}").forward()
    assert np.allclose(y.sum(axis=axis), 1)


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there(axis):
    with pytest.raises(ShapeError) as caught:
        make_layer("Softmax", np.ones((2, 3)), spec=f"softmax_param {{ axis: {axis} }}")
    assert str(caught.value) == f"expected an axis within (2, 3), found axis: {axis}"
