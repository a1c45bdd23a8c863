import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def reshaped(x, options):
    return make_layer("Reshape", x, spec=f"reshape_param {{ {options} }}")


def test_by_hand():
    trial = reshaped([[1.0, 2, 3, 4]], "shape { dim: 0 dim: 2 dim: -1 }")
    assert trial.forward()[0].tolist() == [[[1, 2], [3, 4]]]
    assert trial.backward([[[1, 2], [3, 4]]])[0].tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("x", "options", "y"),
    [
        ((2, 8), "shape { dim: 2 dim: 2 dim: 4 }", (2, 2, 4)),
        ((2, 8), "shape { dim: 0 dim: 2 dim: 4 }", (2, 2, 4)),
        ((2, 8), "shape { dim: 0 dim: 2 dim: -1 }", (2, 2, 4)),
        ((2, 8), "shape { dim: 2 dim: 4 } axis: 1", (2, 2, 4)),
        ((2, 8), "shape { dim: 2 dim: 4 } axis: -2", (2, 2, 4)),
        ((2, 8), "shape { dim: 0 dim: 1 } num_axes: 1", (2, 1, 8)),
        ((2, 8), "shape { dim: 1 } axis: 1 num_axes: 0", (2, 1, 8)),
        ((2, 8), "shape { dim: 1 dim: 1 } axis: -1", (2, 8, 1, 1)),
        ((2, 8), "shape { dim: -1 }", (16,)),
        ((4, 2, 2), "shape { dim: 2 dim: 0 } num_axes: 1", (2, 2, 2, 2)),  # the 0 copies an axis behind
        ((8, 2, 2), "shape { dim: -1 dim: 0 } num_axes: 1", (4, 2, 2, 2)),
        ((1, 1), "shape { }", ()),
        ((0, 6), "shape { dim: 0 dim: 2 dim: -1 }", (0, 2, 3)),  # Caffe divides by zero
    ],
)
def test_shapes(x, options, y):
    assert reshaped(np.ones(x), options).forward()[0].shape == y


def test_the_top_is_the_bottoms_memory():
    trial = reshaped(np.ones((2, 6)), "shape { dim: 0 dim: -1 dim: 2 }")
    trial.bottom[0].reshape(5, 6)
    assert trial.forward()[0].shape == (5, 3, 2)
    assert np.shares_memory(trial.top[0].data, trial.bottom[0].data)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        (
            "shape { dim: -1 dim: -1 }",
            SpecError,
            "expected `dim` of 0 or more in `shape` and at most one -1, found [-1, -1]",
        ),
        ("shape { dim: -2 }", SpecError, "expected `dim` of 0 or more in `shape` and at most one -1, found [-2]"),
        ("num_axes: -2", SpecError, "expected `num_axes` of -1 or more, found -2"),
        (
            "shape { dim: 2 dim: 8 dim: 0 }",
            ShapeError,
            "`dim: 0` copies the bottom's axis 2, and (2, 8) has no such axis",
        ),
        (
            "shape { dim: 3 dim: -1 }",
            ShapeError,
            "`dim: -1` cannot be found: 16 numbers in parts of 3, from (2, 8) to [3, -1]",
        ),
        (
            "shape { dim: 3 dim: 5 }",
            ShapeError,
            "expected a shape for the 16 numbers of (2, 8), found (3, 5) for 15",
        ),
        ("axis: 3", ShapeError, "expected axes within (2, 8), found axis: 3 and num_axes: -1"),
        ("axis: -4", ShapeError, "expected axes within (2, 8), found axis: -4 and num_axes: -1"),
        ("axis: 1 num_axes: 2", ShapeError, "expected axes within (2, 8), found axis: 1 and num_axes: 2"),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        reshaped(np.ones((2, 8)), options)
    assert str(caught.value) == says
