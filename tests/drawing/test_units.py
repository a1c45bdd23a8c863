"""The numbers behind the figure of what a layer made."""

import numpy as np
import pytest

from cafe_edu.drawing import draw_units
from cafe_edu.errors import ShapeError


def test_maps_are_tiles_and_a_unit_is_framed():
    values = np.arange(7 * 4 * 4.0).reshape(7, 4, 4)
    axes = draw_units(values, "maps", unit=6).get_axes()[0]
    (image,) = axes.get_images()
    sheet = np.asarray(image.get_array())
    assert np.array_equal(sheet[:4, 5:9], values[1])
    assert np.array_equal(sheet[5:9, :4], values[3])
    (frame,) = axes.get_lines()
    x, y = frame.get_xydata().T
    assert (x.min(), x.max(), y.min(), y.max()) == (-1, 4, 9, 14)
    assert axes.get_title() == "maps"


def test_both_signs_are_told_apart():
    (image,) = draw_units(np.linspace(-1, 3, 32).reshape(2, 4, 4)).get_axes()[0].get_images()
    assert (image.get_cmap().name, image.norm.vmin, image.norm.vmax) == ("RdBu_r", -3, 3)
    (image,) = draw_units(np.linspace(1, 3, 32).reshape(2, 4, 4)).get_axes()[0].get_images()
    assert (image.get_cmap().name, image.norm.vmin, image.norm.vmax) == ("viridis", 1, 3)
    (image,) = draw_units(np.linspace(1, 3, 32).reshape(2, 4, 4), signed=True).get_axes()[0].get_images()
    assert image.get_cmap().name == "RdBu_r"


@pytest.mark.parametrize("shape", [(6,), (6, 1, 1)])
def test_numbers_are_sticks(shape):
    axes = draw_units(np.arange(6.0).reshape(shape) - 2, unit=5).get_axes()[0]
    sticks = [path.vertices for path in axes.collections[0].get_paths()]
    assert [stick[1].tolist() for stick in sticks] == [[i, i - 2] for i in range(6)]
    assert axes.get_lines()[0].get_xydata().tolist() == [[5, 3]]


def test_wrong_input():
    with pytest.raises(ShapeError, match=r"expected values \(C, ...\), at least one, found \(0,\)"):
        draw_units([])
    with pytest.raises(ShapeError, match="expected a unit from 0 to 2, found 3"):
        draw_units([1, 2, 3], unit=3)
