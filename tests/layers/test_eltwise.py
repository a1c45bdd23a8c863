import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError

A, B, C = [1.0, 5, 0], [2.0, -3, 4], [3.0, 2, 4]


def joined(options, *x):
    return make_layer("Eltwise", *x, spec=f"eltwise_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "y", "dx"),
    [
        ("", [6, 4, 8], [[1, 10, 100]] * 3),
        ("coeff: 1 coeff: -1 coeff: 0.5", [0.5, 9, -2], [[1, 10, 100], [-1, -10, -100], [0.5, 5, 50]]),
        ("operation: PROD", [6, -30, 0], [[6, -60, 1600], [3, 100, 0], [2, -150, 0]]),
        ("operation: MAX", [3, 5, 4], [[0, 10, 0], [0, 0, 100], [1, 0, 0]]),
        ("operation: MAX coeff: 7 coeff: 7 coeff: 7", [3, 5, 4], [[0, 10, 0], [0, 0, 100], [1, 0, 0]]),
    ],
)
def test_by_hand(options, y, dx):
    trial = joined(options, A, B, C)
    assert trial.forward()[0].tolist() == y
    assert [d.tolist() for d in trial.backward([1, 10, 100])] == dx


def test_the_second_wins_a_tie_of_the_first_two_and_nobody_else_does():
    trial = joined("operation: MAX", [1.0, 2, 3], [1.0, 1, 2], [1.0, 2, 3])
    trial.forward()
    assert [d.tolist() for d in trial.backward([1, 1, 1])] == [[0, 1, 1], [1, 0, 0], [0, 0, 0]]


def test_the_unstable_gradient_of_a_product():
    trial = joined("operation: PROD stable_prod_grad: false", A[:2], B[:2], C[:2])
    trial.forward()
    assert [d.tolist() for d in trial.backward([1, 10])] == [[6, -60], [3, 100], [2, -150]]
    trial = joined("operation: PROD stable_prod_grad: false", [0.0], [2.0])
    trial.forward()
    with np.errstate(invalid="ignore"):
        first, second = trial.backward([1])
    assert np.isnan(first).all()
    assert second.tolist() == [0]


@pytest.mark.parametrize(
    ("options", "x", "error", "says"),
    [
        ("", [A], NetError, "expected 2 or more bottoms, found 1"),
        ("", [A, [1.0]], ShapeError, "expected bottoms of one shape, found (3,) and, as bottom 1, (1,)"),
        ("coeff: 1", [A, B], SpecError, "expected one `coeff` for each of 2 bottoms, or none, found 1"),
        (
            "operation: PROD coeff: 1 coeff: 1",
            [A, B],
            SpecError,
            "`coeff` goes with `operation: SUM`, found PROD",
        ),
    ],
)
def test_errors(options, x, error, says):
    with pytest.raises(error) as caught:
        joined(options, *x)
    assert str(caught.value) == says
