import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = np.array([[[[1.0, 3]], [[2, 6]]]])  # (1, 2 channels, 1, 2)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("options", "y", "dx"),
    [
        ("", [[-1, 1], [-1, 1]], [[0, 0], [0, 0]]),
        ("eps: 1", [[-0.5, 0.5], [-2 / 3, 2 / 3]], [[-0.1875, 0.1875], [-5 / 54, 5 / 54]]),
        ("normalize_variance: false", [[-1, 1], [-2, 2]], [[-0.5, 0.5], [-0.5, 0.5]]),
        ("normalize_variance: false across_channels: true", [[-2, 0], [-1, 3]], [[-0.5, 0.5], [-0.5, 0.5]]),
    ],
)
def test_by_hand(options, y, dx, in_place):
    trial = make_layer("MVN", X, spec=f"mvn_param {{ {options} }}", in_place=in_place)
    assert np.allclose(trial.forward()[0][0, :, 0], y)
    found = trial.backward(np.array([[[[0.0, 1]], [[0, 1]]]]))[0]
    assert np.allclose(found[0, :, 0], dx)


def test_the_whole_item():
    y = make_layer("MVN", X, spec="mvn_param { across_channels: true }").forward()[0]
    assert np.allclose(y, (X - 3) / np.sqrt(3.5))


def test_the_top_has_four_axes():
    trial = make_layer("MVN", [[1.0, 2, 3]], spec="mvn_param { across_channels: true normalize_variance: false }")
    (y,) = trial.forward()
    assert y.shape == (1, 3, 1, 1)
    assert y.reshape(-1).tolist() == [-1, 0, 1]
    assert trial.backward(np.ones((1, 3, 1, 1)))[0].shape == (1, 3)


def test_a_flat_picture_stays_flat():
    assert not make_layer("MVN", np.full((1, 1, 2, 2), 7.0)).forward()[0].any()


def test_errors():
    with pytest.raises(ShapeError) as caught:
        make_layer("MVN", np.ones((1, 2, 3, 4, 5)))
    assert str(caught.value) == "expected 1 to 4 axes, found (1, 2, 3, 4, 5)"
    with pytest.raises(ShapeError) as caught:
        make_layer("MVN", np.ones((2, 3)), in_place=True)
    assert str(caught.value) == "expected 4 axes to run in place, found (2, 3); give the top another name"
