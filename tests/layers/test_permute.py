import itertools

import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = np.arange(24.0).reshape(2, 3, 4)


def permute(x, *order):
    return make_layer("Permute", x, spec=f"permute_param {{ {' '.join(f'order: {o}' for o in order)} }}")


def test_by_hand():
    trial = permute(np.array([[1.0, 2, 3], [4, 5, 6]]), 1, 0)
    assert trial.forward()[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert trial.backward([[1.0, 2], [3, 4], [5, 6]])[0].tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_every_order_of_three_axes(order):
    trial = permute(X, *order)
    y = trial.forward()[0]
    assert y.shape == tuple(X.shape[o] for o in order)
    for at in np.ndindex(*y.shape):
        where = [0] * 3
        for i, axis in zip(at, order, strict=True):
            where[axis] = i
        assert y[at] == X[tuple(where)]
    assert np.array_equal(trial.backward(y)[0], X)


@pytest.mark.parametrize(("order", "shape"), [((), (2, 3, 4)), ((2,), (4, 2, 3)), ((1, 2), (3, 4, 2))])
def test_axes_that_are_not_named_come_behind(order, shape):
    assert permute(X, *order).forward()[0].shape == shape


@pytest.mark.parametrize("order", [(0, 0), (3,), (0, 1, 2, 3)])
def test_errors(order):
    with pytest.raises(ShapeError) as caught:
        permute(X, *order)
    assert str(caught.value) == (f"expected each `order` once and below 3, an axis of (2, 3, 4), found {list(order)}")
