import numpy as np
import pytest

from cafe_edu import make_layer


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("TanH", np.log([[1.0, 2, 1 / 3]]), in_place=in_place)
    assert np.allclose(trial.forward()[0], [[0, 3 / 5, -4 / 5]])
    assert np.allclose(trial.backward([[2.0, 25, 25]])[0], [[2, 16, 9]])


def test_far_from_zero_it_is_flat():
    trial = make_layer("TanH", [[-1e4, 1e4]], dtype=np.float32)
    assert trial.forward()[0].tolist() == [[-1, 1]]
    assert trial.backward([[1, 1]])[0].tolist() == [[0, 0]]
