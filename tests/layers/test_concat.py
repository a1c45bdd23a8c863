import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def test_by_hand():
    trial = make_layer("Concat", [[1.0], [2]], [[3.0, 4], [5, 6]])
    assert trial.forward()[0].tolist() == [[1, 3, 4], [2, 5, 6]]
    first, second = trial.backward([[1, 2, 3], [4, 5, 6]])
    assert first.tolist() == [[1], [4]]
    assert second.tolist() == [[2, 3], [5, 6]]


@pytest.mark.parametrize(
    ("options", "y"),
    [("axis: 0", (4, 3)), ("axis: -2", (4, 3)), ("axis: -1", (2, 6)), ("concat_dim: 0", (4, 3)), ("", (2, 6))],
)
def test_axis(options, y):
    x = np.ones((2, 3))
    assert make_layer("Concat", x, x, spec=f"concat_param {{ {options} }}").forward()[0].shape == y


def test_each_bottom_by_itself():
    trial = make_layer("Concat", [[1.0]], [[2.0]])
    trial.forward()
    trial.top[0].diff, trial.bottom[0].diff = [[5, 6]], [[9]]
    trial.layer.backward(trial.top, [False, True], trial.bottom)
    assert [blob.diff.tolist() for blob in trial.bottom] == [[[9]], [[6]]]


@pytest.mark.parametrize(
    ("second", "options", "error", "says"),
    [
        ((2, 3), "axis: 2", ShapeError, "expected an axis within (2, 3), found axis: 2"),
        ((3, 3), "", ShapeError, "expected the shape (2, 3) but for axis 1, found (3, 3)"),
        ((2, 3, 1), "", ShapeError, "expected the shape (2, 3) but for axis 1, found (2, 3, 1)"),
        (
            (2, 3),
            "axis: 1 concat_dim: 1",
            SpecError,
            "`concat_dim` is the old name of `axis`: expected one of them, found both",
        ),
    ],
)
def test_errors(second, options, error, says):
    with pytest.raises(error) as caught:
        make_layer("Concat", np.ones((2, 3)), np.ones(second), spec=f"concat_param {{ {options} }}")
    assert str(caught.value) == says
