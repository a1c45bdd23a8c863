"""Images from files, as Caffe keeps them: (C, H, W), blue-green-red, 0 to 255."""

import numpy as np

from cafe_edu.errors import DataError


def read_image(path, shape, invert=False):
    """Return an image file as an array for a net.

    Parameters
    ----------
    path : path
        Any format that pillow reads.
    shape : (C, H, W)
        What the net wants: C is 1 (grey) or 3 (colour). The image is resized where its size differs.
    invert : bool
        Turn dark on light into light on dark, as the digits are.

    Returns
    -------
    float32 array of ``shape``

    Raises
    ------
    DataError
        If the file is missing or no image.
    """
    from PIL import Image, UnidentifiedImageError

    C, H, W = shape
    if C not in (1, 3):
        raise DataError(f"an image file has 1 or 3 channels, the net wants {C}")
    try:
        with Image.open(path) as file:
            image = file.convert("L" if C == 1 else "RGB")
    except FileNotFoundError:
        raise DataError(f"no such image: {path}") from None
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{path} is not an image that pillow reads: {error}") from None
    x = resize(np.asarray(image).reshape(image.height, image.width, C), H, W).astype(np.float32).transpose(2, 0, 1)
    x = x[::-1]  # red, green, blue to blue, green, red; a grey image stays as it is
    return 255 - x if invert else np.ascontiguousarray(x)


def resize(image, H, W):
    """Return an image in another size, pixel for pixel as OpenCV (and so Caffe) makes it.

    Each new pixel is read between the four old ones that are nearest (bilinear), in whole numbers: weights of 11
    bits, three roundings. pillow's own ``resize`` averages over more pixels where it makes an image smaller.

    Parameters
    ----------
    image : uint8 array (h, w, C)
    H, W : int

    Returns
    -------
    uint8 array (H, W, C)

    Examples
    --------
    >>> resize(np.array([[[0], [100]]], np.uint8), 1, 4).ravel()
    array([  0,  25,  75, 100], dtype=uint8)
    """
    y, below, v, v_below = _between(image.shape[0], H)
    x, right, u, u_right = _between(image.shape[1], W)
    rows = image.astype(np.int64)
    rows = (rows[:, x] * u[:, None] + rows[:, right] * u_right[:, None]) >> 4
    mixed = ((rows[y] * v[:, None, None]) >> 16) + ((rows[below] * v_below[:, None, None]) >> 16)
    return ((mixed + 2) >> 2).astype(np.uint8)


def _between(n, m):
    """For each of m places spread over n: the pixel before it, the one after, and their weights (of 2048)."""
    place = ((np.arange(m) + 0.5) * (n / m) - 0.5).astype(np.float32)
    place = np.clip(place, 0, n - 1)
    before = np.floor(place).astype(int)
    part = place - before
    return before, np.minimum(before + 1, n - 1), *(np.rint(w * 2048).astype(np.int64) for w in (1 - part, part))
