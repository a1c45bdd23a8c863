"""The pixels of one image, from a net's numbers to what a figure shows."""

import numpy as np

from cafe_edu.errors import ShapeError


def as_pixels(image, mean=None, limits=None):
    """Return an image as matplotlib shows it.

    Parameters
    ----------
    image : array (H, W), (1, H, W) or (3, H, W)
        Three channels are blue, green, red, as Caffe keeps them.
    mean : float or sequence of C floats, optional
        What was taken off each channel; it is added again.
    limits : (low, high), optional
        Values shown as darkest and brightest; by default the smallest and the largest.

    Returns
    -------
    array (H, W) or (H, W, 3)
        From 0 to 1.

    Examples
    --------
    >>> as_pixels([[[-2, 0], [2, 6]]], mean=2).tolist()
    [[0.0, 0.25], [0.5, 1.0]]
    """
    x = np.asarray(image, float)
    x = x[None] if x.ndim == 2 else x
    if x.ndim != 3 or x.shape[0] not in (1, 3):
        raise ShapeError(f"expected one image (H, W), (1, H, W) or (3, H, W), found {np.shape(image)}")
    if mean is not None:
        if np.size(mean) not in (1, len(x)):
            raise ShapeError(f"expected a mean of 1 number or of {len(x)}, one for each channel, found {np.size(mean)}")
        x = x + np.reshape(mean, (-1, 1, 1))
    low, high = (x.min(), x.max()) if limits is None else limits
    x = np.clip((x - low) / ((high - low) or 1), 0, 1)
    return x[0] if len(x) == 1 else x[::-1].transpose(1, 2, 0)


def show_pixels(axes, image, title="", mean=None, limits=None):
    """Draw one image into axes, without an axis."""
    axes.imshow(as_pixels(image, mean, limits), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
