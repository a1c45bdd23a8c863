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
        What the net wants: C is 1 (grey) or 3 (colour). The image is resized (bilinear) where its size differs.
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
            image = file.convert("L" if C == 1 else "RGB").resize((W, H), Image.Resampling.BILINEAR)
    except FileNotFoundError:
        raise DataError(f"no such image: {path}") from None
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{path} is not an image that pillow reads: {error}") from None
    x = np.asarray(image, np.float32)
    x = x[None] if C == 1 else x[:, :, ::-1].transpose(2, 0, 1)
    return 255 - x if invert else np.ascontiguousarray(x)
