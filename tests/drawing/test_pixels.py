"""An image's numbers as a figure shows them."""

import numpy as np
import pytest

from cafe_edu.drawing.pixels import as_pixels
from cafe_edu.errors import ShapeError


def test_blue_green_red_become_red_green_blue():
    image = np.zeros((3, 1, 2))
    image[0, 0, 0], image[2, 0, 1] = 10, 5
    assert as_pixels(image).tolist() == [[[0, 0, 1], [0.5, 0, 0]]]


def test_mean_and_limits():
    image = np.array([[[-10.0, 0.0, 20.0]]])
    assert as_pixels(image, mean=10, limits=(0, 20)).tolist() == [[0, 0.5, 1]]
    colour = np.zeros((3, 1, 1))
    assert as_pixels(colour, mean=(1, 2, 3), limits=(0, 4)).tolist() == [[[0.75, 0.5, 0.25]]]
    assert as_pixels(np.full((4, 4), 7)).tolist() == np.zeros((4, 4)).tolist()


def test_what_is_no_image():
    with pytest.raises(ShapeError, match=r"expected one image \(H, W\), \(1, H, W\) or \(3, H, W\), found \(2, 4, 4\)"):
        as_pixels(np.zeros((2, 4, 4)))
    with pytest.raises(ShapeError, match="expected a mean of 1 number or of 3, one for each channel, found 2"):
        as_pixels(np.zeros((3, 4, 4)), mean=(1, 2))
