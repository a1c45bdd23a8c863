"""Images from files, crops of them, and arrays in Caffe's messages: pycaffe's ``caffe.io``."""

import numpy as np

from cafe_edu import caffemodel
from cafe_edu.data import datum as our_datum
from cafe_edu.errors import ShapeError, WeightsError
from cafe_edu.proto import caffe_pb2
from cafe_edu.pycaffe.errors import NoImage, NoImageFile
from cafe_edu.pycaffe.resizing import resize_image
from cafe_edu.pycaffe.transformer import Transformer, WrongShape

__all__ = [
    "Transformer", "array_to_blobproto", "array_to_datum", "arraylist_to_blobprotovector_str", "blobproto_to_array",
    "blobprotovector_str_to_arraylist", "caffe_pb2", "datum_to_array", "load_image", "oversample", "resize_image",
]  # fmt: skip

# ---- images ----


def load_image(filename, color=True):
    """Read an image file.

    Parameters
    ----------
    filename : path
    color : bool
        Three channels, red, green and blue; or one, their grey.

    Returns
    -------
    float32 array (H, W, 3) or (H, W, 1), from 0 to 1
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(filename) as file:
            deep = file.mode[0] in "IF"  # more than 8 bits a pixel, grey
            plain = file.mode in ("1", "L", "RGB", "RGBA") or deep
            image = file.copy() if plain else file.convert("RGBA" if file.has_transparency_data else "RGB")
    except FileNotFoundError:
        raise NoImageFile(f"no such image: {filename}") from None
    except (UnidentifiedImageError, OSError) as error:
        raise NoImage(f"{filename} is not an image that pillow reads: {error}") from None
    x = np.asarray(image, np.float32) / (1 if image.mode in ("1", "F") else 65535 if deep else 255)
    if x.ndim == 2:
        return np.repeat(x[:, :, np.newaxis], 3 if color else 1, axis=2)
    if color:
        return np.ascontiguousarray(x[:, :, :3])
    if x.shape[2] == 4:  # seen on white
        x = x[:, :, :3] * x[:, :, 3:] + (1 - x[:, :, 3:])
    return x @ np.array([[0.2125], [0.7154], [0.0721]], np.float32)  # how bright red, green and blue look


def oversample(images, crop_dims):
    """Return ten crops of each image: four corners and the centre, then the same mirrored.

    Parameters
    ----------
    images : sequence of arrays (H, W, C), all of one shape
    crop_dims : (int, int)
        Height and width of a crop.

    Returns
    -------
    float32 array (10 * len(images), *crop_dims, C)
    """
    (H, W), (h, w) = images[0].shape[:2], map(int, crop_dims)
    if h > H or w > W:
        raise WrongShape(f"expected crops of at most {H} x {W}, the size of the images, found {h} x {w}")
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    crops = []
    for image in images:
        plain = [image[y : y + h, x : x + w] for y, x in corners]
        crops += plain + [crop[:, ::-1] for crop in plain]
    return np.array(crops, np.float32)


# ---- arrays in messages ----


def blobproto_to_array(blob, return_diff=False):
    """Return the array that a BlobProto holds: its data, or its diff."""
    if return_diff:
        diff, blob = blob.diff, _copy(blob)
        blob.ClearField("data")
        blob.data.extend(diff)
    try:
        return caffemodel.blobproto_to_array(blob)
    except WeightsError as error:
        raise WrongShape(str(error)) from None


def array_to_blobproto(arr, diff=None):
    """Return a BlobProto that holds an array and, if given, its diff."""
    blob = caffemodel.array_to_blobproto(arr)
    if diff is not None and np.shape(diff) != np.shape(arr):
        raise WrongShape(f"expected a diff of the array's shape {np.shape(arr)}, found {np.shape(diff)}")
    if diff is not None:
        blob.diff.extend(np.asarray(diff, np.float32).ravel().tolist())
    return blob


def arraylist_to_blobprotovector_str(arraylist):
    """Return the bytes of a BlobProtoVector that holds these arrays."""
    return caffe_pb2.BlobProtoVector(blobs=map(array_to_blobproto, arraylist)).SerializeToString()


def blobprotovector_str_to_arraylist(str):
    """Return the arrays of a BlobProtoVector, given its bytes."""
    return [blobproto_to_array(blob) for blob in caffe_pb2.BlobProtoVector.FromString(str).blobs]


def array_to_datum(arr, label=None):
    """Return a Datum that holds an array (C, H, W): uint8 as bytes, all else as floats."""
    try:
        datum = our_datum.array_to_datum(arr, label or 0)
    except ShapeError as error:
        raise WrongShape(str(error)) from None
    if label is None:
        datum.ClearField("label")
    return datum


def datum_to_array(datum):
    """Return the array (C, H, W) that a Datum holds: uint8, or float64 where it holds floats."""
    array = our_datum.datum_to_array(datum)
    return array if array.dtype == np.uint8 else array.astype(float)


def _copy(blob):
    return caffe_pb2.BlobProto.FromString(blob.SerializeToString())
