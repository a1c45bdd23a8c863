import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError


def filled(spec, x, W, b, t, s, dtype=np.float64):
    trial = make_layer("QuantizedInnerProduct", x, spec=spec, dtype=dtype)
    for blob, values in zip(trial.layer.params, (W, b, t, s), strict=True):
        blob.data = values
    return trial


@pytest.mark.parametrize(("relu", "expected"), [("", [[-1.5, 4.0]]), ("relu_param {}", [[0, 4.0]])])
def test_by_hand(relu, expected):
    """x in steps of 0.5 is 1, 3; the sums are 2 - 3 - 5 = -6 and 3 + 1 = 4, their steps 0.25 and 1."""
    spec = f"inner_product_param {{ num_output: 2 }} {relu}"
    trial = filled(spec, [[0.6, 1.4]], W=[[2, -1], [0, 1]], b=[-5, 1], t=[0.5, 2], s=[0.5])
    assert trial.forward()[0].tolist() == expected


def test_axes_before_the_item_count_items():
    rng = np.random.default_rng(0)
    x, W, b = rng.integers(-127, 128, (2, 3, 4)), rng.integers(-127, 128, (5, 4)), rng.integers(-9, 9, 5)
    spec = "inner_product_param { num_output: 5 axis: -1 }"
    (y,) = filled(spec, x, W=W, b=b, t=np.ones(5), s=[1], dtype=np.float32).forward()
    assert np.array_equal(y, x @ W.T + b)


def test_sums_longer_than_float32_holds_are_exact():
    x, W = np.full((1, 3001), 127.0), np.full((1, 3001), 127)
    spec = "inner_product_param { num_output: 1 }"
    trial = filled(spec, x, W=W, b=[0], t=[1], s=[1])
    assert trial.forward()[0].item() == 3001 * 127**2  # an odd number, larger than 2^24


def test_errors():
    x = np.ones((2, 3))
    with pytest.raises(SpecError, match="`num_output` is needed"):
        make_layer("QuantizedInnerProduct", x)
    with pytest.raises(SpecError, match="a sum of 70000 products may not fit in 32 bits"):
        make_layer("QuantizedInnerProduct", np.ones((1, 70000)), spec="inner_product_param { num_output: 1 }")
    trial = make_layer("QuantizedInnerProduct", x, spec="inner_product_param { num_output: 1 }")
    with pytest.raises(ShapeError, match=r"expected 3 inputs per item \(the weight is \(1, 3\)\), found 4 in \(2, 4\)"):
        trial.layer.top_shapes([(2, 4)])
    with pytest.raises(ShapeError, match=r"expected at least 1 input per item, found none in \(2, 0\)"):
        make_layer("QuantizedInnerProduct", np.ones((2, 0)), spec="inner_product_param { num_output: 1 }")
    with pytest.raises(NetError, match="this layer has no gradient"):
        trial.backward(np.ones((2, 1)))
