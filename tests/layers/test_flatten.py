import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def flat(x, options=""):
    return make_layer("Flatten", x, spec=f"flatten_param {{ {options} }}")


def test_by_hand():
    trial = flat([[[1.0, 2], [3, 4]]])
    assert trial.forward()[0].tolist() == [[1, 2, 3, 4]]
    assert trial.backward([[1, 2, 3, 4]])[0].tolist() == [[[1, 2], [3, 4]]]


@pytest.mark.parametrize(
    ("options", "y"),
    [
        ("", (2, 60)),
        ("axis: 0", (120,)),
        ("axis: -2", (2, 3, 20)),
        ("axis: 1 end_axis: 2", (2, 12, 5)),
        ("end_axis: -2", (2, 12, 5)),
        ("axis: 2 end_axis: 2", (2, 3, 4, 5)),
        ("axis: 2 end_axis: 1", (2, 3, 1, 4, 5)),
    ],
)
def test_shapes(options, y):
    assert flat(np.ones((2, 3, 4, 5)), options).forward()[0].shape == y


def test_the_top_is_the_bottoms_memory():
    trial = flat(np.ones((2, 3, 4)))
    trial.forward()
    assert np.shares_memory(trial.top[0].data, trial.bottom[0].data)
    trial.bottom[0].reshape(5, 3, 4)
    trial.forward()
    assert np.shares_memory(trial.top[0].data, trial.bottom[0].data)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("axis: 3", ShapeError, "expected an axis within (2, 3, 4), found axis: 3"),
        ("end_axis: -4", ShapeError, "expected an axis within (2, 3, 4), found axis: -4"),
        ("axis: 2 end_axis: 0", SpecError, "expected `axis` before `end_axis`, found axes 2 and 0 of (2, 3, 4)"),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        flat(np.ones((2, 3, 4)), options)
    assert str(caught.value) == says
