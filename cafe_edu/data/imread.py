"""An image file, decoded pixel for pixel as OpenCV (and so Caffe) does."""

import numpy as np

from cafe_edu.errors import DataError


def imread(file, color=True):
    r"""Return the pixels of an image file.

    A colour picture becomes gray by a weighted sum in whole numbers, and which one depends on the kind of file:

    .. math:: y = \lfloor (9797 R + 19234 G + 3737 B) / 2^{15} \rfloor \quad\text{(PNG)}, \qquad
              y = \lfloor (4899 R + 9617 G + 1868 B + 2^{13}) / 2^{14} \rfloor \quad\text{(others)}

    A JPEG file holds its gray picture ready made. Transparency is dropped, a palette looked up, of 16 bits the upper
    8 are taken, and a photo that says how its camera was held is turned.

    Parameters
    ----------
    file : path or binary file
        Any format that pillow reads.
    color : bool
        Three channels or one.

    Returns
    -------
    uint8 array (H, W, 3), blue, green, red; or (H, W, 1)

    Raises
    ------
    DataError
        If the file is missing, no image, or damaged.

    References
    ----------
    OpenCV: ``imread`` with ``IMREAD_COLOR`` or ``IMREAD_GRAYSCALE``; Caffe: ``ReadImageToCVMat`` in
    ``src/caffe/util/io.cpp``.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            if image.format == "JPEG":
                if not color:
                    image.draft("L", None)
                image = ImageOps.exif_transpose(image)
            return _pixels(image, color)
    except FileNotFoundError:
        raise DataError(f"no such image: {file}") from None
    except UnidentifiedImageError:
        raise DataError(f"{file} is not an image that pillow reads") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # SyntaxError: a broken PNG
        raise DataError(f"{file} is damaged, or not an image: {error}") from None


def _pixels(image, color):
    """The pixels of an open image."""
    if image.mode.startswith("I;16"):
        gray = (np.asarray(image) >> 8).astype(np.uint8)
    elif image.mode == "L":
        gray = np.asarray(image)
    elif image.mode in ("1", "LA", "La"):
        gray = np.asarray(image.convert("L"))
    elif image.mode[0] in "IF":
        raise ValueError(f"expected 8 or 16 bits per channel, found pillow's mode {image.mode}")
    else:
        rgb = np.asarray(image.convert("RGB"))
        if color:
            return np.ascontiguousarray(rgb[:, :, ::-1])
        R, G, B = np.moveaxis(rgb.astype(np.int32), 2, 0)
        png = image.format == "PNG"
        gray = (9797 * R + 19234 * G + 3737 * B) >> 15 if png else (4899 * R + 9617 * G + 1868 * B + 8192) >> 14
        gray = gray.astype(np.uint8)
    return np.repeat(gray[:, :, None], 3, axis=2) if color else gray[:, :, None]
