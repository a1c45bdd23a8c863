import numpy as np
import pytest

from cafe_edu import make_layer


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("BNLL", np.log([[1.0, 3, 1 / 3]]), in_place=in_place)
    assert np.allclose(trial.forward()[0], np.log([[2, 4, 4 / 3]]))
    assert np.allclose(trial.backward([[10.0, 20, 40]])[0], [[5, 15, 10]])


def test_far_from_zero_it_is_a_relu():
    trial = make_layer("BNLL", [[-1e4, -20, 1e4]], dtype=np.float32)
    (y,) = trial.forward()
    assert np.allclose(y, [[0, np.exp(-20), 1e4]], rtol=1e-6, atol=0)
    assert np.allclose(trial.backward([[1, 1, 1]])[0], [[0, 0, 1]])
