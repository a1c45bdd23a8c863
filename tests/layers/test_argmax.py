import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError


def largest(x, options=""):
    return make_layer("ArgMax", x, spec=f"argmax_param {{ {options} }}")


X = [[3.0, 9, 1, 9], [4, 2, 8, 6]]


@pytest.mark.parametrize(
    ("options", "y"),
    [
        ("", [[[3]], [[2]]]),
        ("top_k: 3", [[[3, 1, 0]], [[2, 3, 0]]]),
        ("top_k: 2 out_max_val: true", [[[3, 1], [9, 9]], [[2, 3], [8, 6]]]),
        ("axis: 1", [[3], [2]]),
        ("axis: -1 top_k: 2", [[3, 1], [2, 3]]),
        ("axis: 1 top_k: 2 out_max_val: true", [[9, 9], [8, 6]]),
        ("axis: 0", [[1, 0, 1, 0]]),
    ],
)
def test_by_hand_the_larger_index_wins_a_tie(options, y):
    assert largest(X, options).forward()[0].tolist() == y


@pytest.mark.parametrize(
    ("x", "options", "y"),
    [
        ((2, 3), "", (2, 1, 1)),
        ((2, 3, 4), "top_k: 5", (2, 1, 5)),
        ((2, 3, 4, 5), "top_k: 7", (2, 1, 7, 1)),
        ((2, 3, 4, 5), "top_k: 7 out_max_val: true", (2, 2, 7, 1)),
        ((2, 3, 4, 5), "axis: 1 top_k: 2 out_max_val: true", (2, 2, 4, 5)),
    ],
)
def test_shapes(x, options, y):
    assert largest(np.ones(x), options).forward()[0].shape == y


def test_one_is_the_first_of_many():
    x = np.random.default_rng(0).integers(0, 4, (5, 6, 7)).astype(float)
    one, many = (largest(x, f"axis: 1 top_k: {k}").forward()[0] for k in (1, 6))
    assert np.array_equal(one, many[:, :1])


def test_no_gradient():
    trial = largest(X)
    trial.forward()
    with pytest.raises(NetError) as caught:
        trial.backward([[[1]], [[1]]])
    assert str(caught.value) == "this layer has no gradient: nothing behind it can learn"


@pytest.mark.parametrize(
    ("x", "options", "error", "says"),
    [
        (1.0, "", ShapeError, "expected 1 axis or more, found a single number, ()"),
        (X, "top_k: 5", SpecError, "expected `top_k` of 1 to 4 for the numbers compared in (2, 4), found 5"),
        (X, "top_k: 0", SpecError, "expected `top_k` of 1 to 4 for the numbers compared in (2, 4), found 0"),
        (
            X,
            "axis: 0 top_k: 3",
            SpecError,
            "expected `top_k` of 1 to 2 for the numbers compared in (2, 4), found 3",
        ),
        (X, "axis: 2", ShapeError, "expected an axis within (2, 4), found axis: 2"),
    ],
)
def test_errors(x, options, error, says):
    with pytest.raises(error) as caught:
        largest(x, options)
    assert str(caught.value) == says
