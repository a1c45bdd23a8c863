"""Many small images side by side."""

import math

import numpy as np

from cafe_edu.drawing.picture import new_picture
from cafe_edu.errors import ShapeError


def tile(images, columns=None, gap=1, edge=np.nan):
    """Lay images out in rows.

    Parameters
    ----------
    images : array (n, H, W) or (n, H, W, 3)
    columns : int, optional
        Images per row; by default as many as make it nearly square.
    gap : int
        Pixels between images.
    edge : float
        What stands in the gaps.

    Returns
    -------
    array (rows * (H + gap) - gap, columns * (W + gap) - gap[, 3])

    Examples
    --------
    >>> tile(np.ones((3, 2, 2)), columns=2).shape
    (5, 5)
    """
    images = np.asarray(images, float)
    if images.ndim not in (3, 4) or not len(images):
        raise ShapeError(f"expected images (n, H, W) or (n, H, W, 3), at least one; found {images.shape}")
    n, H, W = images.shape[:3]
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    sheet = np.full((rows * (H + gap) - gap, columns * (W + gap) - gap, *images.shape[3:]), edge)
    for i, image in enumerate(images):
        y, x = i // columns * (H + gap), i % columns * (W + gap)
        sheet[y : y + H, x : x + W] = image
    return sheet


def draw_images(images, title="", columns=None, cmap="gray", limits=None, figure=None):
    """Draw images as a mosaic.

    Parameters
    ----------
    images : array (n, H, W), (n, 1, H, W) or (n, 3, H, W)
        Three channels are shown as blue, green, red, the order in which Caffe keeps them.
    title : str
    columns : int, optional
    cmap : str
        matplotlib's name of a colour map, for one channel.
    limits : (low, high), optional
        Values shown as darkest and brightest; by default the smallest and largest.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    images = np.asarray(images, float)
    if images.ndim == 4:
        images = images[:, 0] if images.shape[1] == 1 else images[:, ::-1].transpose(0, 2, 3, 1)
    low, high = limits or (images.min(), images.max())
    if images.ndim == 4:
        images, low, high = (images - low) / ((high - low) or 1), 0, 1
    figure = figure or new_picture(6, 6)
    axes = figure.subplots()
    axes.imshow(tile(images, columns), cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()
    return figure
