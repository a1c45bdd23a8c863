import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import SpecError
from cafe_edu.layer import layer_class, make_spec

X, DY = [[-2.0, -1, 0, 0.5, 3]], [[1.0, 2, 3, 4, 5]]


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("Clip", X, spec="clip_param { min: -1 max: 0.5 }", in_place=in_place)
    assert trial.forward()[0].tolist() == [[-1, -1, 0, 0.5, 0.5]]
    assert trial.backward(DY)[0].tolist() == [[0, 2, 3, 4, 0]]  # the ends belong to the inside


def test_a_bound_of_zero_counts_as_written():
    assert make_layer("Clip", X, spec="clip_param { min: 0 max: 0 }").forward()[0].tolist() == [[0] * 5]


def test_nan_stays_nan():
    assert np.isnan(make_layer("Clip", [[np.nan]], spec="clip_param { min: 0 max: 1 }").forward()[0]).all()


@pytest.mark.parametrize(("options", "missing"), [({}, "min"), ({"max": 1}, "min"), ({"min": 0}, "max")])
def test_both_bounds_must_be_written(options, missing):
    layer = layer_class("Clip")(make_spec("Clip", clip_param=options))
    with pytest.raises(SpecError) as caught:
        layer.setup([])
    assert str(caught.value) == f"`{missing}` is needed in `clip_param` and is not set"


@pytest.mark.parametrize(("low", "high"), [("2", "1"), ("nan", "1"), ("0", "nan")])
def test_bounds_the_wrong_way_round(low, high):
    with pytest.raises(SpecError) as caught:
        make_layer("Clip", X, spec=f"clip_param {{ min: {low} max: {high} }}")
    assert str(caught.value) == f"expected `min` <= `max` in `clip_param`, found {low} and {high}"
