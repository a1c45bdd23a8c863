"""IDX: the file format of MNIST."""

import gzip
import math
import zlib

import numpy as np

from cafe_edu.errors import DataError


def read_idx(path):
    """Read an IDX file of bytes, packed with gzip.

    The file says itself what it holds: two zero bytes, the kind of number (8: bytes), the number of
    axes, then the length of each axis in four bytes, the largest first; then the values.

    Parameters
    ----------
    path : str or Path
        Such as ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    ndarray of uint8
        (N, H, W) for images, (N,) for labels.

    Raises
    ------
    DataError
        If the file is not there, is damaged, or holds something else.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels.gz"
    >>> _ = path.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([5, 0, 4])))
    >>> read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    try:
        with gzip.open(path) as file:
            content = file.read()
    except FileNotFoundError:
        raise DataError(f"no such file: {path}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected a whole gzip file, found a damaged one ({error})") from error
    axes = content[3] if len(content) >= 4 else 0
    start = 4 + 4 * axes
    if content[:3] != b"\0\0\x08" or axes == 0 or len(content) < start:
        raise DataError(f"{path}: expected an IDX file of bytes, found one beginning with {content[:4]!r}")
    shape = tuple(np.frombuffer(content, ">u4", axes, offset=4).tolist())
    if len(content) - start != math.prod(shape):
        raise DataError(
            f"{path}: expected {math.prod(shape):,} values for its shape {shape}, "
            f"found {len(content) - start:,}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
