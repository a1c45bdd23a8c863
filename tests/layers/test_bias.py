import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = np.array([[[1.0, 2], [3, 4]]])  # (1, 2 channels, 2)
DY = np.array([[[1.0, 10], [100, 1000]]])


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("Bias", X, in_place=in_place)
    (bias,) = trial.layer.params
    assert bias.data.tolist() == [0, 0]
    bias.data = [5, -1]
    assert trial.forward()[0].tolist() == [[[6, 7], [2, 3]]]
    assert trial.backward(DY)[0].tolist() == DY.tolist()
    assert bias.diff.tolist() == [11, 1100]


def test_a_second_bottom_is_added():
    trial = make_layer("Bias", X, [5.0, -1], spec="bias_param { axis: -1 }")
    assert trial.layer.params == []
    assert trial.forward()[0].tolist() == [[[6, 1], [8, 3]]]
    dx, db = trial.backward(DY)
    assert dx.tolist() == DY.tolist()
    assert db.tolist() == [101, 1010]


def test_one_number_for_all():
    trial = make_layer("Bias", X, spec="bias_param { num_axes: 0 filler { value: 2 } }")
    assert np.array_equal(trial.forward()[0], X + 2)
    trial.backward(DY)
    assert trial.layer.params[0].diff == 1111


def test_errors():
    with pytest.raises(ShapeError, match=r"expected an axis within \(1, 2, 2\), found axis: -4"):
        make_layer("Bias", X, spec="bias_param { axis: -4 }")
    said = r"expected the shape \(1, 2\) that stands in \(1, 2, 2\) from axis 0 on, found \(2, 2\)"
    with pytest.raises(ShapeError, match=said):
        make_layer("Bias", X, np.ones((2, 2)), spec="bias_param { axis: 0 }")
