"""One window of an image, with some of its surroundings, warped to a square."""

import math

import numpy as np

from cafe_edu.data.images import resize
from cafe_edu.errors import DataError


def crop_window(image, box, size, context_pad=0, square=False, mirror=False):
    r"""Cut a box out of an image and warp it to ``size`` x ``size`` pixels.

    With a context of p pixels the box grows about its middle by

    .. math:: k = \frac{size}{size - 2p}

    so that, once warped, p pixels on each side are surroundings. With ``square``, the shorter side first becomes as
    long as the longer one: what is seen keeps its proportions. What of the grown box lies outside the image stays
    empty.

    Parameters
    ----------
    image : uint8 array (C, H, W)
    box : (x1, y1, x2, y2)
        The first and the last column and row, both inside.
    size : int
    context_pad : int
        p, less than half of ``size``.
    square : bool
    mirror : bool
        Swap left and right, empty columns included.

    Returns
    -------
    pixels : uint8 array (C, h, w)
        What lies inside the image, warped.
    left, top : int
        How many columns stay empty to the left of it, and rows above it.

    Raises
    ------
    DataError
        If the box (without context: any part of it) lies outside the image.

    References
    ----------
    Caffe: ``src/caffe/layers/window_data_layer.cpp``.

    Examples
    --------
    >>> image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    >>> crop_window(image, (1, 1, 2, 2), 2)[0]
    array([[[ 5,  6],
            [ 9, 10]]], dtype=uint8)
    >>> pixels, left, top = crop_window(image, (0, 0, 1, 1), 4, context_pad=1)
    >>> pixels.shape, left, top
    ((1, 3, 3), 1, 1)
    """
    _, H, W = image.shape
    x1, y1, x2, y2 = box
    if x2 < x1 or y2 < y1:
        raise DataError(f"expected a window x1 y1 x2 y2 with x1 <= x2 and y1 <= y2, found {box}")
    left = top = 0
    w = h = size
    if context_pad or square:
        x1, y1, x2, y2 = _grown(box, np.float32(size) / np.float32(size - 2 * context_pad), square)
        x_scale, y_scale = np.float32(size) / np.float32(x2 - x1 + 1), np.float32(size) / np.float32(y2 - y1 + 1)
        left = _round(max(0, x2 - W + 1 if mirror else -x1) * x_scale)
        top = _round(max(0, -y1) * y_scale)
        x1, y1, x2, y2 = max(0, x1), max(0, y1), min(W - 1, x2), min(H - 1, y2)
        w = min(_round((x2 - x1 + 1) * x_scale), size - left)  # rounding may have made one pixel too many
        h = min(_round((y2 - y1 + 1) * y_scale), size - top)
    if x1 < 0 or y1 < 0 or x2 >= W or y2 >= H or x2 < x1 or y2 < y1:
        raise DataError(f"expected a window inside the image of {W} x {H} pixels (x1 y1 x2 y2), found {box}")
    if w < 1 or h < 1:
        return np.empty((len(image), 0, 0), np.uint8), left, top
    pixels = resize(image[:, y1 : y2 + 1, x1 : x2 + 1].transpose(1, 2, 0), h, w).transpose(2, 0, 1)
    return pixels[:, :, ::-1] if mirror else pixels, left, top


def _grown(box, k, square):
    """The box grown about its middle, in whole pixels; float32 as in Caffe, whose rounding this decides."""
    x1, y1, x2, y2 = (np.float32(n) for n in box)
    half = np.float32([x2 - x1 + 1, y2 - y1 + 1]) / 2
    middle = np.float32([x1, y1]) + half
    if square:
        half[:] = half.max()
    low, high = middle - half * k, middle + half * k
    return [_round(n) for n in (*low, *high)]


def _round(x):
    """The nearest whole number; of two, the one further from zero."""
    return int(math.copysign(math.floor(abs(float(x)) + 0.5), x))
