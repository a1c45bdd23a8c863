import numpy as np
import pytest

from cafe_edu.data.images import resize
from cafe_edu.data.window_crop import crop_window
from cafe_edu.errors import DataError

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(1, 256, (3, 30, 40), np.uint8)


def resized(y1, y2, x1, x2, h, w):
    """Rows y1 to y2 and columns x1 to x2 of the image, both inside, as h x w pixels."""
    return resize(IMAGE[:, y1 : y2 + 1, x1 : x2 + 1].transpose(1, 2, 0), h, w).transpose(2, 0, 1)


def test_warping():
    pixels, left, top = crop_window(IMAGE, (4, 6, 23, 10), 12)
    np.testing.assert_array_equal(pixels, resized(6, 10, 4, 23, 12, 12))
    assert (left, top) == (0, 0)


def test_one_pixel():
    pixels, *_ = crop_window(IMAGE, (4, 6, 4, 6), 3)
    assert (pixels == IMAGE[:, 6:7, 4:5]).all()


def test_context_grows_the_box_about_its_middle():
    """10 x 6 pixels and a context of 2 in 12: k = 12 / 8. From the middle (9, 13): 7.5 and 4.5 pixels each way."""
    pixels, left, top = crop_window(IMAGE, (4, 10, 13, 15), 12, context_pad=2)
    np.testing.assert_array_equal(pixels, resized(9, 18, 2, 17, 12, 12))  # 1.5 -> 2, 16.5 -> 17; 8.5 -> 9, 17.5 -> 18
    assert (left, top) == (0, 0)


def test_half_a_pixel_is_rounded_away_from_zero():
    """From the middle (5, 13): the columns begin at -2.5, which is -3, so 3 of 16 columns stay empty: 2 of 12."""
    pixels, left, top = crop_window(IMAGE, (0, 10, 9, 15), 12, context_pad=2)
    assert (left, top) == (2, 0)
    np.testing.assert_array_equal(pixels, resized(9, 18, 0, 13, 12, 10))  # 14 columns of 17, times 12 / 17: 9.88


def test_a_square_takes_the_longer_side():
    """10 x 6 about (9, 13) becomes 10 x 10: columns 4 to 14, rows 8 to 18."""
    pixels, left, top = crop_window(IMAGE, (4, 10, 13, 15), 11, square=True)
    np.testing.assert_array_equal(pixels, resized(8, 18, 4, 14, 11, 11))
    assert (left, top) == (0, 0)


def test_outside_the_image_it_stays_empty():
    """About (38, 28), 4 x 4 with k = 3: columns 32 to 44 of 40, rows 22 to 34 of 30: 13 x 13, 8 of them inside."""
    pixels, left, top = crop_window(IMAGE, (36, 26, 39, 29), 12, context_pad=4)
    assert (left, top) == (0, 0)
    np.testing.assert_array_equal(pixels, resized(22, 29, 32, 39, 7, 7))  # 8 times 12 / 13: 7.38
    pixels, left, top = crop_window(IMAGE, (36, 26, 39, 29), 12, context_pad=4, mirror=True)
    assert (left, top) == (5, 0)  # 5 columns of 13
    np.testing.assert_array_equal(pixels, resized(22, 29, 32, 39, 7, 7)[:, :, ::-1])


def test_mirroring_a_window_inside_swaps_left_and_right():
    plain, *_ = crop_window(IMAGE, (4, 10, 13, 15), 12, context_pad=2)
    mirrored, *_ = crop_window(IMAGE, (4, 10, 13, 15), 12, context_pad=2, mirror=True)
    np.testing.assert_array_equal(mirrored, plain[:, :, ::-1])


def test_it_always_fits():
    """Whatever the box, what is cut fits where it goes, and covers all but the empty edges."""
    for _ in range(2000):
        x, y = np.sort(RNG.integers(0, 40, 2)), np.sort(RNG.integers(0, 30, 2))
        size, mirror, square = int(RNG.integers(1, 20)), bool(RNG.integers(2)), bool(RNG.integers(2))
        pad = int(RNG.integers(0, (size + 1) // 2))
        pixels, left, top = crop_window(IMAGE, (x[0], y[0], x[1], y[1]), size, pad, square, mirror)
        _, h, w = pixels.shape
        assert (h, w) == (0, 0) or (left + w <= size and top + h <= size)
        if not pad and not square:
            assert (h, w, left, top) == (size, size, 0, 0)


def test_too_little_of_a_window_to_be_one_pixel():
    pixels, _, _ = crop_window(IMAGE[:, :, :1], (0, 0, 0, 29), 2, square=True)
    assert pixels.shape == (3, 0, 0)


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, -1, 5, 5), (35, 0, 40, 5), (0, 25, 5, 30)])
def test_a_window_that_leaves_the_image(box):
    with pytest.raises(DataError, match=r"expected a window inside the image of 40 x 30 pixels .*, found \("):
        crop_window(IMAGE, box, 12)
    crop_window(IMAGE, box, 12, context_pad=1)  # with a context it may


def test_a_window_wholly_outside():
    with pytest.raises(DataError, match=r"expected a window inside the image of 40 x 30 pixels"):
        crop_window(IMAGE, (100, 100, 110, 110), 12, context_pad=1)


@pytest.mark.parametrize("box", [(5, 0, 4, 5), (0, 5, 5, 4)])
def test_a_window_turned_around(box):
    with pytest.raises(DataError, match="expected a window x1 y1 x2 y2 with x1 <= x2 and y1 <= y2, found"):
        crop_window(IMAGE, box, 12, context_pad=1)
