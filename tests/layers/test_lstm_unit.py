import numpy as np
import pytest

from cafe_edu import check_gradient, make_layer
from cafe_edu.errors import ShapeError

LARGE = 50.0  # where a sigmoid is 1 to the last digit


def unit(c, gates, cont):
    return make_layer("LSTMUnit", c, gates, cont, tops=2)


def test_by_hand():
    """Three items: all gates half open; the cell kept and shown; a new sequence, where the cell is forgotten."""
    gates = [[0, 0, 0, 0], [-LARGE, LARGE, LARGE, 0], [LARGE, LARGE, LARGE, LARGE]]
    trial = unit([[[2.0], [2], [2]]], [gates], [[1, 1, 0]])
    c, h = trial.forward()
    assert np.allclose(c.ravel(), [1, 2, 1])
    assert np.allclose(h.ravel(), [np.tanh(1) / 2, np.tanh(2), np.tanh(1)])
    dc, dgates, _ = trial.backward(np.ones((1, 3, 1)), np.zeros((1, 3, 1)))
    assert np.allclose(dc.ravel(), [0.5, 1, 0])
    assert np.allclose(dgates[0], [[0, 2 / 4, 0, 1 / 2], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_the_gates_stand_in_the_order_i_f_o_g():
    """The second of two numbers in each gate."""
    gates = np.zeros((1, 1, 8))
    gates[0, 0, [1, 3, 5, 7]] = [LARGE, -LARGE, LARGE, LARGE]
    c, h = unit([[[0.0, 5.0]]], gates, [[1]]).forward()
    assert np.allclose(c, [[[0, 1]]])
    assert np.allclose(h, [[[0, np.tanh(1)]]])


def test_a_cont_between_0_and_1_lets_so_much_of_the_cell_through():
    trial = unit([[[3.0]]], [[[0.0, 0, 0, 0]]], [[0.5]])
    c, h = trial.forward()
    assert np.allclose([c, h], [[[[0.75]]], [[[np.tanh(0.75) / 2]]]])  # 0.5 sigma(0) 3
    check_gradient(trial)


@pytest.mark.parametrize(
    ("c", "gates", "cont"),
    [
        ((1, 3, 2), (1, 3, 6), (1, 3)),
        ((2, 3, 2), (2, 3, 8), (2, 3)),
        ((1, 3, 2), (1, 3, 8), (3,)),
        ((3, 2), (3, 8), (1, 3)),
    ],
)
def test_shapes_that_do_not_fit(c, gates, cont):
    with pytest.raises(ShapeError) as caught:
        unit(np.zeros(c), np.zeros(gates), np.zeros(cont))
    assert str(caught.value) == (
        f"expected a cell (1, N, H), gates (1, N, 4H) and cont (1, N), found {c}, {gates} and {cont}"
    )
