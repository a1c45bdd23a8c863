"""Images from files, in the form and size that a net wants."""

import numpy as np
import pytest
from PIL import Image

from cafe_edu.data.images import read_image, resize
from cafe_edu.errors import DataError


def test_resizing_is_opencvs_pixel_for_pixel(data_folder):
    """The stored input is cat.jpg as OpenCV resized it, less the mean of each channel."""
    with np.load(data_folder / "squeezenet_v1.0_deepcomp" / "opencv_oracle.npz") as file:
        expected = file["input"][0] + np.float32([104, 117, 123]).reshape(3, 1, 1)
    found = read_image(data_folder / "imagenet_aux" / "cat.jpg", (3, 227, 227))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_size_changes_nothing(channels):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    assert np.array_equal(resize(image, 5, 7), image)


def test_one_colour_stays_one_colour():
    assert (resize(np.full((9, 4, 3), 77, np.uint8), 5, 11) == 77).all()


def test_channels_and_order(tmp_path):
    Image.new("RGB", (2, 3), (10, 20, 30)).save(tmp_path / "colour.png")
    assert read_image(tmp_path / "colour.png", (3, 3, 2))[:, 0, 0].tolist() == [30, 20, 10]
    grey = read_image(tmp_path / "colour.png", (1, 3, 2))
    assert grey.shape == (1, 3, 2)
    assert read_image(tmp_path / "colour.png", (1, 3, 2), invert=True)[0, 0, 0] == 255 - grey[0, 0, 0]


def test_two_channels_are_refused(tmp_path):
    with pytest.raises(DataError, match="an image file has 1 or 3 channels, the net wants 2"):
        read_image(tmp_path / "any.png", (2, 4, 4))
