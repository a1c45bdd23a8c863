import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def sliced(x, options, tops):
    return make_layer("Slice", x, spec=f"slice_param {{ {options} }}", tops=tops)


def test_by_hand():
    trial = sliced([[1.0, 2, 3], [4, 5, 6]], "slice_point: 1", 2)
    assert [y.tolist() for y in trial.forward()] == [[[1], [4]], [[2, 3], [5, 6]]]
    assert trial.backward([[1], [2]], [[3, 4], [5, 6]])[0].tolist() == [[1, 3, 4], [2, 5, 6]]


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ("", [(2, 2), (2, 2), (2, 2)]),
        ("slice_point: 1 slice_point: 5", [(2, 1), (2, 4), (2, 1)]),
        ("slice_point: 1 slice_point: 6", [(2, 1), (2, 5), (2, 0)]),
        ("axis: -1", [(2, 2)] * 3),
        ("slice_dim: 1", [(2, 2)] * 3),
    ],
)
def test_shapes(options, shapes):
    assert [y.shape for y in sliced(np.ones((2, 6)), options, 3).forward()] == shapes


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("axis: 5", ShapeError, "expected an axis within (2, 5), found axis: 5"),
        (
            "",
            ShapeError,
            "expected a length that 3 tops can share equally, found 5 in (2, 5); set `slice_point`",
        ),
        ("slice_point: 1", SpecError, "expected 2 of `slice_point` for 3 tops, or none, found 1"),
        (
            "slice_point: 2 slice_point: 2",
            SpecError,
            "expected each `slice_point` above the one before it and above 0, found [2, 2]",
        ),
        (
            "slice_point: 0 slice_point: 2",
            SpecError,
            "expected each `slice_point` above the one before it and above 0, found [0, 2]",
        ),
        (
            "slice_point: 1 slice_point: 6",
            ShapeError,
            "expected each `slice_point` within the 5 of axis 1 of (2, 5), found [1, 6]",
        ),
        (
            "axis: 1 slice_dim: 1",
            SpecError,
            "`slice_dim` is the old name of `axis`: expected one of them, found both",
        ),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        sliced(np.ones((2, 5)), options, 3)
    assert str(caught.value) == says
