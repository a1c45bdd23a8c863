import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def tiled(x, options):
    return make_layer("Tile", x, spec=f"tile_param {{ {options} }}")


@pytest.mark.parametrize(
    ("axis", "y", "dx"),
    [
        (1, [[1, 2, 1, 2], [3, 4, 3, 4]], [[1 + 3, 2 + 4], [5 + 7, 6 + 8]]),
        (0, [[1, 2], [3, 4], [1, 2], [3, 4]], [[1 + 5, 2 + 6], [3 + 7, 4 + 8]]),
    ],
)
def test_by_hand(axis, y, dx):
    trial = tiled([[1.0, 2], [3, 4]], f"tiles: 2 axis: {axis}")
    assert trial.forward()[0].tolist() == y
    dy = np.arange(1.0, 9).reshape(np.shape(y))
    assert trial.backward(dy)[0].tolist() == dx


def test_as_numpy():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in range(-3, 3):
        reps = [1, 1, 1]
        reps[axis] = 3
        assert np.array_equal(tiled(x, f"tiles: 3 axis: {axis}").forward()[0], np.tile(x, reps))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("", SpecError, "`tiles` is needed in `tile_param` and is not set"),
        ("tiles: 0", SpecError, "expected a `tiles` of 1 or more in `tile_param`, found 0"),
        ("tiles: 2 axis: 2", ShapeError, "expected an axis within (2, 3), found axis: 2"),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        tiled(np.ones((2, 3)), options)
    assert str(caught.value) == says
