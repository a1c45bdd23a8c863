import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError


def product(x, options, **keywords):
    return make_layer("InnerProduct", x, spec=f"inner_product_param {{ {options} }}", **keywords)


@pytest.mark.parametrize("transpose", [False, True])
def test_by_hand(transpose):
    trial = product([[1.0, 2, 3], [4, 5, 6]], f"num_output: 2 transpose: {str(transpose).lower()}")
    W = np.array([[1.0, 0, -1], [2, 1, 0]])
    weight, bias = trial.layer.params
    weight.data, bias.data = W.T if transpose else W, [10, 20]
    assert trial.forward()[0].tolist() == [[8, 24], [8, 33]]
    weight.diff, bias.diff = np.ones(weight.shape), [1, 1]
    (dx,) = trial.backward([[1, 0], [2, -1]])
    dW = weight.diff.T if transpose else weight.diff
    assert dW.tolist() == [[1 + 9, 1 + 12, 1 + 15], [1 - 4, 1 - 5, 1 - 6]]
    assert bias.diff.tolist() == [1 + 3, 1 - 1]
    assert dx.tolist() == [[1, 0, -1], [0, -1, -2]]


@pytest.mark.parametrize(
    ("x", "options", "weight", "y"),
    [
        ((2, 3, 4), "num_output: 5", (5, 12), (2, 5)),
        ((2, 3, 4), "num_output: 5 axis: 2", (5, 4), (2, 3, 5)),
        ((2, 3, 4), "num_output: 5 axis: -1", (5, 4), (2, 3, 5)),
        ((2, 3, 4), "num_output: 5 axis: 0", (5, 24), (5,)),
        ((2, 3, 4), "num_output: 5 transpose: true", (12, 5), (2, 5)),
    ],
)
def test_shapes(x, options, weight, y):
    trial = product(np.ones(x), options)
    assert trial.layer.weight.shape == weight
    assert trial.forward()[0].shape == y


def test_without_bias():
    assert len(product(np.ones((2, 3)), "num_output: 1 bias_term: false").layer.params) == 1


@pytest.mark.parametrize(
    ("shape", "options", "error", "says"),
    [
        ((2, 3), "", SpecError, "`num_output` is needed in `inner_product_param` and is not set"),
        (
            (2, 3),
            "num_output: 0",
            SpecError,
            "expected a `num_output` of 1 or more in `inner_product_param`, found 0",
        ),
        ((2, 3), "num_output: 1 axis: 2", ShapeError, "expected an axis within (2, 3), found axis: 2"),
        ((2, 3), "num_output: 1 axis: -3", ShapeError, "expected an axis within (2, 3), found axis: -3"),
        ((2, 0), "num_output: 1", ShapeError, "expected at least 1 input per item, found none in (2, 0)"),
    ],
)
def test_errors(shape, options, error, says):
    with pytest.raises(error) as caught:
        product(np.ones(shape), options)
    assert str(caught.value) == says


def test_an_item_of_another_size_does_not_fit_the_weight():
    trial = product(np.ones((2, 3, 4)), "num_output: 5")
    trial.bottom[0].reshape(2, 3, 5)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == ("expected 12 inputs per item (the weight is (5, 12)), found 15 in (2, 3, 5)")


def test_an_item_of_another_form_and_the_same_size_does():
    trial = product(np.ones((2, 3, 4)), "num_output: 5")
    trial.bottom[0].reshape(7, 12)
    assert trial.forward()[0].shape == (7, 5)


def test_one_bottom():
    with pytest.raises(NetError, match="expected 1 bottom, found 2"):
        make_layer("InnerProduct", np.ones((2, 3)), np.ones((2, 3)))
