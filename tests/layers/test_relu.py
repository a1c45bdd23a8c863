import numpy as np
import pytest

from cafe_edu import make_layer

X, DY = [[-2.0, 0, 3]], [[10.0, 20, 30]]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(("slope", "y", "dx"), [(0, [[0, 0, 3]], [[0, 0, 30]]), (0.5, [[-1, 0, 3]], [[5, 10, 30]])])
def test_by_hand(slope, y, dx, in_place):
    trial = make_layer("ReLU", X, spec=f"relu_param {{ negative_slope: {slope} }}", in_place=in_place)
    assert trial.forward()[0].tolist() == y
    assert trial.backward(DY)[0].tolist() == dx


def test_nan_stays_nan():
    assert np.isnan(make_layer("ReLU", [[np.nan]]).forward()[0]).all()
