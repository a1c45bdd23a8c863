import numpy as np
import pytest

from cafe_edu import make_layer


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("ReLU6", [[-1.0, 0, 0.5, 5.5, 6, 7]], in_place=in_place)
    assert trial.forward()[0].tolist() == [[0, 0, 0.5, 5.5, 6, 6]]
    assert trial.backward([[1.0, 2, 3, 4, 5, 6]])[0].tolist() == [[0, 0, 3, 4, 0, 0]]  # the corners have slope 0


def test_nan_stays_nan():
    assert np.isnan(make_layer("ReLU6", [[np.nan]]).forward()[0]).all()
