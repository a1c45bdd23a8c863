import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = np.array([[[-2.0, 3], [-4, 0]], [[1, 5], [6, -8]]])  # (2, 2, 2)
DY = np.array([[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]])


@pytest.mark.parametrize("in_place", [False, True])
def test_one_slope_for_each_channel(in_place):
    trial = make_layer("PReLU", X, in_place=in_place)
    trial.layer.params[0].data = [0.5, 0.1]
    assert np.allclose(trial.forward()[0], [[[-1, 3], [-0.4, 0]], [[1, 5], [6, -0.8]]])
    assert np.allclose(trial.backward(DY)[0], [[[0.5, 2], [0.3, 0.4]], [[5, 6], [7, 0.8]]])
    assert trial.layer.params[0].diff.tolist() == [1 * -2, 3 * -4 + 8 * -8]


@pytest.mark.parametrize("in_place", [False, True])
def test_one_slope_for_all(in_place):
    trial = make_layer("PReLU", X, spec="prelu_param { channel_shared: true }", in_place=in_place)
    slope = trial.layer.params[0]
    assert slope.shape == ()
    slope.data = 0.5
    assert trial.forward()[0].tolist() == [[[-1, 3], [-2, 0]], [[1, 5], [6, -4]]]
    assert trial.backward(DY)[0].tolist() == [[[0.5, 2], [1.5, 2]], [[5, 6], [7, 4]]]
    assert slope.diff == -2 - 12 - 64


def test_items_of_channels_only():
    trial = make_layer("PReLU", [[-2.0, -4, 1]])
    trial.layer.params[0].data = [1, 2, 3]
    assert trial.forward()[0].tolist() == [[-2, -8, 1]]
    assert trial.backward([[1, 1, 1]])[0].tolist() == [[1, 2, 1]]
    assert trial.layer.params[0].diff.tolist() == [-2, -4, 0]


@pytest.mark.parametrize(("options", "first"), [("", 0.25), ("filler { value: 0.1 }", 0.1), ("filler { }", 0)])
def test_the_first_slopes(options, first):
    trial = make_layer("PReLU", X, spec=f"prelu_param {{ {options} }}")
    assert np.allclose(trial.layer.params[0].data, [first, first])


def test_errors():
    for options in ("", "channel_shared: true"):
        with pytest.raises(ShapeError) as caught:
            make_layer("PReLU", [1.0, 2], spec=f"prelu_param {{ {options} }}")
        assert str(caught.value) == "expected 2 axes or more (N, C, ...), found (2,)"
    trial = make_layer("PReLU", X)
    trial.bottom[0].reshape(2, 3, 2)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == "expected 2 channels, one for each slope, found 3 in (2, 3, 2)"
