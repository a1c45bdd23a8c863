"""Resizing: images in another size, number for number as pycaffe's helpers scikit-image and SciPy make them."""

import numpy as np


def resize_image(im, new_dims, interp_order=1):
    r"""Return an image in another size.

    With 1 or 3 channels the image is first smoothed along each axis that becomes smaller by a factor f,

    .. math:: \sigma = \tfrac{1}{2} (f - 1)

    so that fine stripes do not turn into coarse ones; outside the image there is its darkest value. Then, and with
    other numbers of channels at once, it is read by splines of ``interp_order``.

    Parameters
    ----------
    im : array (H, W, C)
    new_dims : (int, int)
        The new height and width.
    interp_order : int
        0 takes the nearest pixel, 1 interpolates linearly, 3 by cubic splines.

    Returns
    -------
    float32 array (*new_dims, C)
    """
    from scipy import ndimage

    size = (*map(int, new_dims), im.shape[-1])
    if im.shape[-1] not in (1, 3):
        # here the centres of the corner pixels stay the corners
        factors = (size[0] / im.shape[0], size[1] / im.shape[1], 1)
        return ndimage.zoom(im, factors, order=interp_order).astype(np.float32)
    low, high = im.min(), im.max()
    if low == high:
        return np.full(size, low, np.float32)
    x = (im - low) / (high - low)
    shrinks = np.divide(im.shape, size)
    if (shrinks > 1).any():
        x = ndimage.gaussian_filter(x, np.maximum(0, (shrinks - 1) / 2), mode="grid-constant")
    x = ndimage.zoom(x, 1 / shrinks, order=interp_order, mode="grid-constant", grid_mode=True)
    return (np.clip(x, 0, 1) * (high - low) + low).astype(np.float32)
