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


def displayed(images, limits=None, rgb=False):
    """Return images as matplotlib shows them, and the values shown as darkest and brightest.

    Parameters
    ----------
    images : array (n, H, W), (n, 1, H, W) or (n, 3, H, W)
    limits : (low, high), optional
        By default the smallest and largest number, nan and infinite ones left out.
    rgb : bool
        Three channels are red, green, blue; else blue, green, red, the order in which Caffe keeps them.

    Returns
    -------
    images : array (n, H, W), as they are; or (n, H, W, 3), red, green, blue, from 0 to 1
    limits : (low, high)

    Examples
    --------
    >>> blue = np.array([2.0, 1, 0]).reshape(1, 3, 1, 1)
    >>> displayed(blue)[0].tolist()
    [[[[0.0, 0.5, 1.0]]]]
    """
    images = np.asarray(images, float)
    if images.ndim not in (3, 4) or not images.size or (images.ndim == 4 and images.shape[1] not in (1, 3)):
        raise ShapeError(f"expected images (n, H, W), (n, 1, H, W) or (n, 3, H, W), at least one; found {images.shape}")
    good = images[np.isfinite(images)]
    low, high = limits or ((good.min(), good.max()) if good.size else (0, 1))
    if images.ndim == 3 or images.shape[1] == 1:
        return images.reshape(len(images), *images.shape[-2:]), (low, high)
    images = (images if rgb else images[:, ::-1]).transpose(0, 2, 3, 1)
    return np.clip((images - low) / ((high - low) or 1), 0, 1), (0, 1)


def draw_images(images, title="", columns=None, cmap="gray", limits=None, figure=None, rgb=False):
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
    rgb : bool
        Three channels are red, green, blue instead.

    Returns
    -------
    Figure
    """
    images, limits = displayed(images, limits, rgb)
    figure = figure or new_picture(6, 6)
    axes = figure.subplots()
    show_tiles(axes, images, columns, cmap, limits)
    axes.set_title(title)
    return figure


def show_tiles(axes, images, columns=None, cmap="gray", limits=(0, 1)):
    """Show images, as `displayed` returns them, as a mosaic without an axis; kernels of one pixel touch."""
    gap, edge = int(images.shape[1:3] != (1, 1)), np.nan if images.ndim == 3 else 1.0
    low, high = limits
    axes.imshow(tile(images, columns, gap, edge), cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    axes.set_axis_off()
