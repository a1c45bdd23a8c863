"""A drawn digit, brought to the size and place that MNIST's digits have."""

import math

import numpy as np

from cafe_edu.errors import DataError, ShapeError

PART = 20 / 28  #: of the picture's shorter side, what the ink's longer side shall be


def centre_ink(ink, shape=(28, 28)):
    r"""Scale what is drawn to 20/28 of a picture, and put its centre of mass in the middle.

    The ink's box keeps its proportions. With :math:`m` the ink of a pixel and :math:`p` its place, the centre of mass
    is

    .. math:: \bar p = \frac{\sum_p m_p\, p}{\sum_p m_p}

    and is moved, by whole pixels, into the pixel (H // 2, W // 2), counted from 0, where MNIST has it; less far where
    ink would be lost by it.

    Parameters
    ----------
    ink : array (H, W)
        0 is paper; ink is positive, 255 or 1 at its darkest.
    shape : (int, int)
        Height and width of the picture that is wanted, 2 or more.

    Returns
    -------
    ndarray of float32, ``shape``
        0 to the darkest ink that was given. Without ink it is all paper.

    Examples
    --------
    >>> ink = np.zeros((10, 10))
    >>> ink[0:4, 0:2] = 255  # small, and in a corner
    >>> centred = centre_ink(ink)
    >>> [(int(line.min()), int(line.max())) for line in centred.nonzero()]  # 20 rows, 10 columns, about 14
    [(5, 24), (10, 19)]

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits, 1998.
    """
    ink = np.asarray(ink, np.float32)
    if ink.ndim != 2 or min(shape) < 2:
        raise ShapeError(f"expected ink (H, W) and a picture of 2 x 2 or more, found {ink.shape} and {tuple(shape)}")
    if not np.isfinite(ink).all() or (ink < 0).any():
        raise DataError("expected ink of 0 or more, found numbers below 0 or not finite")
    picture = np.zeros(shape, np.float32)
    rows, columns = ink.any(axis=1).nonzero()[0], ink.any(axis=0).nonzero()[0]
    if not len(rows):
        return picture
    small = _scaled(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], PART * min(shape))
    h, w = small.shape
    y = _start(small.sum(axis=1), shape[0])
    x = _start(small.sum(axis=0), shape[1])
    picture[y : y + h, x : x + w] = small
    return picture


def _scaled(ink, side):
    """The ink with its longer side brought to ``side``: each new pixel is a mean of those it covers."""
    from PIL import Image

    h, w = (max(1, round(n * side / max(ink.shape))) for n in ink.shape)
    resampling = Image.Resampling.BOX if max(ink.shape) > side else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(ink).resize((w, h), resampling))


def _start(mass, length):
    """Where a line of masses begins, so that their centre is at ``length // 2`` and none lies outside."""
    centre = (mass * np.arange(len(mass))).sum() / mass.sum()
    return min(max(0, math.floor(length // 2 - centre + 0.5)), length - len(mass))
