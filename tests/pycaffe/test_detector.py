import numpy as np
import pytest
from PIL import Image

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import CafeError, ShapeError

MEAN = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 8 dim: SIZE } } }
layer { name: "mean" type: "Reduction" bottom: "data" top: "mean" reduction_param { axis: 2 operation: MEAN } }
"""


@pytest.fixture
def make(write, tmp_path):
    """A detector whose answer is the mean of each channel."""

    def make(size=8, **how):
        path = write(MEAN.replace("SIZE", str(size)))
        caffe.Net(path, caffe.TEST).save(str(tmp_path / "w.caffemodel"))
        return caffe.Detector(path, str(tmp_path / "w.caffemodel"), **how)

    return make


@pytest.fixture
def image(tmp_path):
    """A picture of 20 x 24, red above row 8 and blue below."""
    pixels = np.zeros((20, 24, 3), np.uint8)
    pixels[:8, :, 0], pixels[8:, :, 2] = 255, 255
    Image.fromarray(pixels).save(tmp_path / "flag.png")
    return str(tmp_path / "flag.png")


def test_windows(make, image):
    net = make(raw_scale=100, channel_swap=(2, 1, 0), mean=np.array([10, 20, 30]))
    windows = np.array([[0, 0, 8, 8], [8, 2, 16, 10], [12, 5, 20, 13]])
    found = net.detect_windows([(image, windows[:2]), (image, windows[2:])])
    assert [one["filename"] for one in found] == [image] * 3
    assert [one["window"].tolist() for one in found] == windows.tolist()
    for one, expected in zip(found, [[-10, -20, 70], [90, -20, -30], [90, -20, -30]], strict=True):
        np.testing.assert_allclose(one["prediction"], expected, atol=1e-3)
    assert net.detect_windows([]) == []


def test_a_crop_is_caffes(shared, make):
    stored = np.load(shared / "oracle/pycaffe/io_classifier.npz")
    crop = make().crop(stored["img"], np.array([2, 3, 12, 20]))
    np.testing.assert_array_equal(crop, stored["det_crop_nopad"])


def test_context(make):
    net = make(context_pad=2, mean=np.full(3, 51.0), raw_scale=255)
    red = np.zeros((20, 20, 3), np.float32)
    red[..., 0] = np.arange(20)[:, None]  # every row has a value of its own
    crop = net.crop(red, np.array([8, 8, 11, 11]))  # rows 8 to 11, widened about 10 by 8 / (8 - 2 * 2) = 2
    assert crop.shape == (8, 8, 3)
    rows = crop[:, 4, 0]
    assert rows[0] == pytest.approx(6, abs=0.5)
    assert rows[-1] == pytest.approx(13, abs=0.5)


def test_context_outside_the_picture_is_the_mean(make):
    net = make(context_pad=2, mean=np.array([10, 20, 30]), raw_scale=100, channel_swap=(2, 1, 0))
    crop = net.crop(np.ones((20, 20, 3), np.float32), np.array([0, 8, 3, 11]))
    np.testing.assert_allclose(crop[0, 4], [0.3, 0.2, 0.1], rtol=1e-6)  # in the picture's own order and scale
    np.testing.assert_allclose(crop[-1, 4], 1, rtol=1e-6)


def test_how_much_of_the_context_is_outside(make):
    net = make(context_pad=2)
    # rows 0 to 2 are widened about 1.5 to -2 to 4, these 7 to the 8 of the net: the first 2 * 8 / 7 are outside
    crop = net.crop(np.ones((20, 20, 3), np.float32), np.array([0, 8, 2, 10]))
    assert crop[:, 4, 0].tolist() == [0] * 2 + [1] * 6


def test_context_wants_a_square(make):
    with pytest.raises(ShapeError, match="context_pad wants a square input, found 8 x 9"):
        make(9, context_pad=1)


@pytest.mark.parametrize("pad", [-1, 4])
def test_context_leaves_room_for_the_window(make, pad):
    with pytest.raises(ShapeError, match=f"expected a context_pad from 0 to less than half of 8 pixels, found {pad}"):
        make(context_pad=pad)


@pytest.mark.parametrize("pad", [None, 2])
def test_windows_that_are_none(make, image, pad):
    for window, says in {
        (1, 2, 3): r"expected a window \(ymin, xmin, ymax, xmax\), found \(1, 2, 3\)",
        (50, 50, 60, 60): r"window \(50, 50, 60, 60\) holds nothing of a picture of 20 x 24 pixels",
    }.items():
        with pytest.raises(ValueError, match=says):
            make(context_pad=pad).detect_windows([(image, [window])])


def test_selective_search_is_not_here(make, image):
    with pytest.raises(CafeError, match="needs the module selective_search_ijcv_with_python"):
        make().detect_selective_search([image])
