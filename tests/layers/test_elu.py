import numpy as np
import pytest

from cafe_edu import make_layer

X, DY = [[-np.log(4), 0, 3]], [[8.0, 20, 30]]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("options", "y", "dx"),
    [
        ("", [[-3 / 4, 0, 3]], [[2, 20, 30]]),
        ("alpha: 0.5", [[-3 / 8, 0, 3]], [[1, 10, 30]]),
        ("alpha: -1", [[3 / 4, 0, 3]], [[-2, -20, 30]]),
    ],
)
def test_by_hand(options, y, dx, in_place):
    trial = make_layer("ELU", X, spec=f"elu_param {{ {options} }}", in_place=in_place)
    assert np.allclose(trial.forward()[0], y)
    assert np.allclose(trial.backward(DY)[0], dx)


def test_large_numbers_do_not_overflow():
    trial = make_layer("ELU", [[-1e4, 1e4]], dtype=np.float32)
    assert trial.forward()[0].tolist() == [[-1, 1e4]]
    assert trial.backward([[1, 1]])[0].tolist() == [[0, 1]]
