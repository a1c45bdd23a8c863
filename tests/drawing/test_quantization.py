import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.drawing import draw_quantization, new_picture
from cafe_edu.errors import NetError
from cafe_edu.quantize import quantize

SPEC = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 30 } } }
layer { name: "first" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 20 weight_filler { type: "gaussian" } } }
layer { name: "second" type: "InnerProduct" bottom: "y" top: "z" inner_product_param {
  num_output: 3 weight_filler { type: "gaussian" } } }
"""


@pytest.fixture
def found():
    x = np.random.default_rng(1).normal(size=(2, 4, 30))
    q = quantize(Net(SPEC, rng=0), x)
    return q, q.report(x)


@pytest.mark.parametrize(("layer", "title"), [(None, "first: 600 weights"), ("second", "second: 60 weights")])
def test_bars_are_counts_and_decibels(found, layer, title):
    q, report = found
    left, right = draw_quantization(q, report, layer).get_axes()
    counts = np.array([bar.get_height() for bar in left.patches])
    W = q.params[layer or "first"][0].data
    assert counts.tolist() == [np.count_nonzero(level == W) for level in range(-127, 128)]
    assert left.get_title() == f"{title} on {(counts > 0).sum()} of 255 levels"
    assert [bar.get_width() for bar in right.patches] == [row.sqnr for row in report.rows]
    assert [label.get_text() for label in right.get_yticklabels()] == ["first", "second"]
    assert right.yaxis_inverted()


def test_a_layer_without_error_has_no_bar(found):
    q, report = found
    report.rows[0].sqnr = np.inf
    right = draw_quantization(q, report).get_axes()[1]
    assert right.patches[0].get_width() == 0


def test_a_title_and_a_place_of_its_own(found):
    part = new_picture().subfigures(1, 2)[0]
    assert draw_quantization(*found, title="levels", figure=part) is part
    assert part.get_axes()[0].get_title() == "levels"


def test_a_layer_that_is_not_there(found):
    with pytest.raises(NetError, match="no 8-bit layer 'x'; there are first, second"):
        draw_quantization(*found, layer="x")
