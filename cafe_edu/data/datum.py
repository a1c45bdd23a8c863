"""Datum: one labelled item as Caffe's databases store it."""

import numpy as np
from google.protobuf.message import DecodeError

from cafe_edu.data.images import decode_image
from cafe_edu.errors import DataError, ShapeError
from cafe_edu.proto.caffe_pb2 import Datum


def array_to_datum(array, label=0):
    """Pack an array and its label into a Datum.

    Bytes (uint8) go into ``data``, one byte per value. Every other kind of number goes into
    ``float_data`` as float32, four bytes per value: a database of floats is four times as large.

    Parameters
    ----------
    array : ndarray, (C, H, W)
        Colour images have their channels in the order blue, green, red, as Caffe's tools write them.
    label : int
        Any whole number of 32 bits.

    Returns
    -------
    Datum

    Raises
    ------
    ShapeError
        If the array does not have three axes.
    DataError
        If the label is no 32-bit whole number.

    References
    ----------
    Caffe: ``message Datum`` in ``caffe.proto``, ``array_to_datum`` in ``python/caffe/io.py``.

    Examples
    --------
    >>> datum = array_to_datum(np.zeros((1, 2, 3), np.uint8), label=7)
    >>> datum.channels, datum.height, datum.width, len(datum.data), datum.label
    (1, 2, 3, 6, 7)
    """
    array = np.asarray(array)
    if array.ndim != 3:
        raise ShapeError(
            f"expected an item of 3 axes (channels, height, width), found {array.ndim}: {array.shape}"
        )
    channels, height, width = array.shape
    datum = Datum(channels=channels, height=height, width=width)
    if array.dtype == np.uint8:
        datum.data = array.tobytes()
    else:
        datum.float_data.extend(array.astype(np.float32).ravel())
    try:
        datum.label = int(label)
        whole = datum.label == label
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise DataError(f"expected a label that is a 32-bit whole number, found {label!r}")
    return datum


def datum_to_array(datum, color=None):
    """Unpack a Datum into an array.

    Parameters
    ----------
    datum : Datum
    color : bool, optional
        Only for a Datum that holds an image file (``encoded``): True reads it as colour, False as
        gray, None as it is.

    Returns
    -------
    ndarray, (C, H, W)
        uint8 (a read-only view of the Datum's own bytes, if it is not encoded) or float32.
        An image file gives blue, green, red, as OpenCV reads it into Caffe; gray gives one channel;
        an image with transparency a fourth one, unless ``color`` says otherwise.

    Raises
    ------
    DataError
        If the Datum does not hold as many values as its shape says, or no readable image.

    Examples
    --------
    >>> datum_to_array(array_to_datum(np.arange(6, dtype=np.uint8).reshape(1, 2, 3)))
    array([[[0, 1, 2],
            [3, 4, 5]]], dtype=uint8)
    """
    if datum.encoded:
        return decode_image(datum.data, color)
    shape = (datum.channels, datum.height, datum.width)
    if datum.data:  # when both are there, the bytes win
        values = np.frombuffer(datum.data, np.uint8)
    else:
        values = np.array(datum.float_data, np.float32)
    if min(shape) < 1 or values.size != shape[0] * shape[1] * shape[2]:
        raise DataError(
            f"expected a Datum whose shape (channels, height, width) counts its values, "
            f"found shape {shape} and {values.size} values"
        )
    return values.reshape(shape)


def parse_datum(record):
    """Read a Datum from the bytes of a database record.

    Raises
    ------
    DataError
        If the bytes are no Datum.

    Examples
    --------
    >>> parse_datum(array_to_datum(np.ones((1, 1, 1)), label=3).SerializeToString()).label
    3
    """
    try:
        return Datum.FromString(record)
    except DecodeError:
        raise DataError(
            f"expected a Datum, found {len(record)} bytes that are none, beginning with {record[:12]!r}"
        ) from None
