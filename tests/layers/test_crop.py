import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def cropped(x, size, options=""):
    return make_layer("Crop", x, np.zeros(size), spec=f"crop_param {{ {options} }}")


def test_by_hand():
    trial = cropped([[[[1.0, 2, 3], [4, 5, 6]]]], (1, 1, 1, 2), "offset: 1")
    assert trial.forward()[0].tolist() == [[[[5, 6]]]]
    trial.bottom[0].diff[...] = 7
    assert trial.backward([[[[10, 20]]]])[0].tolist() == [[[[0, 0, 0], [0, 10, 20]]]]


@pytest.mark.parametrize(
    ("options", "window"),
    [
        ("", np.s_[:, :, :2, :3]),
        ("offset: 1", np.s_[:, :, 1:3, 1:4]),
        ("offset: 2 offset: 0", np.s_[:, :, 2:4, :3]),
        ("axis: 1 offset: 1 offset: 0 offset: 2", np.s_[:, 1:3, :2, 2:5]),
        ("axis: -1 offset: 2", np.s_[:, :, :, 2:5]),
        ("axis: 0", np.s_[:1, :2, :2, :3]),
    ],
)
def test_windows(options, window):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    assert np.array_equal(cropped(x, (1, 2, 2, 3), options).forward()[0], x[window])


@pytest.mark.parametrize(
    ("size", "options", "error", "says"),
    [
        (
            (1, 2, 2),
            "",
            ShapeError,
            "expected two blobs with the same number of axes, found (2, 3, 4, 5) and (1, 2, 2)",
        ),
        ((1, 2, 2, 2), "axis: 4", ShapeError, "expected an axis within (2, 3, 4, 5), found axis: 4"),
        (
            (1, 2, 2, 2),
            "offset: 1 offset: 1 offset: 1",
            SpecError,
            "expected no `offset`, one, or one for each of 2 axes, found 3",
        ),
        (
            (1, 2, 3, 2),
            "offset: 2 offset: 0",
            ShapeError,
            "expected a window within (2, 3, 4, 5), found offset 2 and length 3 on axis 2",
        ),
    ],
)
def test_errors(size, options, error, says):
    with pytest.raises(error) as caught:
        cropped(np.ones((2, 3, 4, 5)), size, options)
    assert str(caught.value) == says
