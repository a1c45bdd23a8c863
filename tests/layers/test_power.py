import numpy as np
import pytest

from cafe_edu import make_layer

DY = [[1.0, 10, 100]]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("options", "x", "y", "dx"),
    [
        ("", [[-1.0, 0, 2]], [[-1, 0, 2]], [[1, 10, 100]]),
        ("scale: -2 shift: 0.5", [[-1.0, 0, 2]], [[2.5, 0.5, -3.5]], [[-2, -20, -200]]),
        ("power: 2", [[-1.0, 0, 2]], [[1, 0, 4]], [[-2, 0, 400]]),
        ("power: 2 scale: 3 shift: 1", [[-1.0, 0, 2]], [[4, 1, 49]], [[-12, 60, 4200]]),
        ("power: 3 shift: 1", [[-1.0, 0, 2]], [[0, 1, 27]], [[0, 30, 2700]]),  # NaN at the 0 in Caffe
        ("power: 3", [[-1.0, 0, 2]], [[-1, 0, 8]], [[3, 0, 1200]]),
        ("power: -1", [[-1.0, 4, 2]], [[-1, 1 / 4, 1 / 2]], [[-1, -10 / 16, -25]]),
        ("power: 0.5 scale: 2", [[2.0, 8, 0.5]], [[2, 4, 1]], [[1 / 2, 10 / 4, 100]]),
        ("power: 0", [[-1.0, 0, 2]], [[1, 1, 1]], [[0, 0, 0]]),
        ("power: 3 scale: 0 shift: 2", [[-1.0, 0, np.inf]], [[8, 8, 8]], [[0, 0, 0]]),
    ],
)
def test_by_hand(options, x, y, dx, in_place):
    trial = make_layer("Power", x, spec=f"power_param {{ {options} }}", in_place=in_place)
    assert np.allclose(trial.forward()[0], y)
    assert np.allclose(trial.backward(DY)[0], dx)
