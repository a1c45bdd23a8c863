"""Images from files, as Caffe keeps them: (C, H, W), blue-green-red, 0 to 255."""

import contextlib
import io
import pathlib

import numpy as np

from cafe_edu.errors import DataError

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "GIF")  #: what OpenCV reads too; none runs a program
ORIENTATION = 274  # the number of this tag in a camera's notes (EXIF)


def load_image(path, color=True, size=None):
    """Return an image file as Caffe's ``ReadImageToDatum`` would: bytes, as OpenCV decodes them.

    Parameters
    ----------
    path : str or Path
        PNG, JPEG, BMP, TIFF, WebP, PPM or GIF.
    color : bool
        Three channels, or one.
    size : (H, W), optional
        What it is resized to (see `resize`).

    Returns
    -------
    uint8 array (C, H, W)

    Raises
    ------
    DataError
        If the file is missing, damaged or no image, with its name.
    """
    content = read_bytes(path)
    try:
        x = decode_image(content, color)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    if size is None or size == x.shape[1:]:
        return x
    return np.ascontiguousarray(resize(x.transpose(1, 2, 0), *size).transpose(2, 0, 1))


def read_bytes(path):
    """Return what an image file holds, not decoded."""
    try:
        return pathlib.Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that holds a zero byte
        raise DataError(f"cannot read the image {path}: {getattr(error, 'strerror', None) or error}") from None


def decode_image(content, color=None):
    """Return the pixels of an image file that is in memory, as OpenCV decodes it.

    An image that lies on its side and says so (EXIF) is turned upright where ``color`` is asked for. Colour
    read as gray is rounded as OpenCV's reader of that kind of file rounds it.

    Parameters
    ----------
    content : bytes
    color : bool, optional
        True: three channels. False: one. None: as many as the file has, a fourth one for transparency.

    Returns
    -------
    uint8 array (C, H, W)
        Blue, green, red (, transparency); or gray.

    Raises
    ------
    DataError
        If these bytes are no image, are damaged, or have more than 8 bits per channel while ``color`` is None.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            mode = _mode(image, color)
            if color is False:
                image.draft("L", image.size)  # a JPEG keeps gray apart from colour: nothing is rounded
            kind = image.format
            pixels = _pixels(_upright(image) if color is not None else image, mode, kind)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(
            f"expected an encoded image (PNG, JPEG), found {len(content)} bytes, beginning with {content[:12]!r}"
        ) from None
    except Exception as error:  # pillow has no error of its own: each decoder raises what it meets
        raise DataError(f"an encoded image is damaged: {error}") from error
    if mode == "L":
        return pixels[np.newaxis]
    pixels = pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(pixels[[2, 1, 0, 3][: len(pixels)]])


def _mode(image, color):
    """Pillow's name for what an image becomes."""
    if color is not None:
        return "RGB" if color else "L"
    if image.mode[0] in "IF":
        raise DataError(f"expected an image of 8 bits per channel, found mode {image.mode}")
    gray = image.mode in ("1", "L")
    return "L" if gray else "RGBA" if image.has_transparency_data else "RGB"


def _upright(image):
    from PIL import ImageOps

    with contextlib.suppress(Exception):  # notes that cannot be read leave the image as it lies
        if image.getexif().get(ORIENTATION, 1) != 1:
            return ImageOps.exif_transpose(image)
    return image


def _pixels(image, mode, kind):
    if image.mode.startswith("I;16"):
        high = (np.asarray(image) >> 8).astype(np.uint8)
        return high if mode == "L" else np.stack([high] * 3, axis=-1)
    if mode != "L" or image.mode in ("1", "L", "LA", "I", "F"):
        return np.asarray(image.convert(mode))
    red_green_blue = np.asarray(image.convert("RGB")).astype(np.int32)
    if kind == "PNG":  # its library cuts where others round
        return (red_green_blue @ np.int32([9797, 19234, 3737]) >> 15).astype(np.uint8)
    return (red_green_blue @ np.int32([4899, 9617, 1868]) + 8192 >> 14).astype(np.uint8)


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
    x, right, u, u_right = _between(image.shape[1], W, clip=True)
    rows = image.astype(np.int32)
    rows = (rows[:, x] * u[:, None] + rows[:, right] * u_right[:, None]) >> 4
    mixed = ((rows[y] * v[:, None, None]) >> 16) + ((rows[below] * v_below[:, None, None]) >> 16)
    return ((mixed + 2) >> 2).astype(np.uint8)


def _between(n, m, clip=False):
    """For each of m places spread over n: the pixel before it, the one after, and their weights (of 2048).

    A place beyond the first or the last pixel is that pixel. OpenCV weighs it once along a row (``clip``), but
    rounds two halves of it along a column.
    """
    place = ((np.arange(m) + 0.5) * (n / m) - 0.5).astype(np.float32)
    if clip:
        place = np.clip(place, 0, n - 1)
    before = np.floor(place).astype(int)
    part = place - before
    weights = (np.rint(w * 2048).astype(np.int32) for w in (1 - part, part))
    return np.clip(before, 0, n - 1), np.clip(before + 1, 0, n - 1), *weights
