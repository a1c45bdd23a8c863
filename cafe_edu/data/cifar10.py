"""CIFAR-10: 60,000 small colour photos of ten kinds, from any of the forms in which it is kept."""

import pathlib
import tarfile
import zipfile

import numpy as np

from cafe_edu.data.images import decode_image
from cafe_edu.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (3, 32, 32)
ARCHIVE = "cifar-10-binary.tar.gz"
_TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
_TEST = ("test_batch.bin",)
_STRIPS = tuple(f"cifar10_batch_{i}.png" for i in range(4))
_STRIP_LABELS, _TEST_PHOTOS = "train_labels_first4000.txt", "test_jpeg_2000.zip"


def is_cifar10(folder):
    """Say whether a folder holds CIFAR-10 in a form that `read_cifar10` knows."""
    return _form(pathlib.Path(folder)) is not None


def read_cifar10(folder):
    """Read CIFAR-10 from a folder.

    ==========================  ==============================================================================
    ``cifar-10-batches-bin/``   the six .bin files of the binary version: a label byte, then 3,072 of red, green, blue
    ``cifar-10-binary.tar.gz``  the same, as it is fetched; it is read without unpacking
    PNG strips                  a part of the set: ``cifar10_batch_0.png`` to ``_3.png``, an image to a row (the first
                                4,000 to learn from, lossless), ``train_labels_first4000.txt``, and 2,000 of the test
                                images as JPEG in ``test_jpeg_2000.zip``
    ==========================  ==============================================================================

    Parameters
    ----------
    folder : path

    Returns
    -------
    x_train, y_train, x_test, y_test : arrays
        Images uint8 (N, 3, 32, 32), channels red, green, blue as in the set's own files (Caffe's CIFAR-10 databases
        keep that order too); labels int64 (N,), numbers in ``CLASSES``.

    Raises
    ------
    DataError
        If nothing of this is there, or it is damaged.

    References
    ----------
    A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009; Caffe:
    ``examples/cifar10/convert_cifar_data.cpp``.
    """
    folder = pathlib.Path(folder)
    form = _form(folder)
    if form is None:
        raise DataError(f"{folder}: expected cifar-10-batches-bin/, {ARCHIVE} or cifar10_batch_0.png, found none")
    try:
        return form(folder)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{folder}: CIFAR-10 is damaged or incomplete ({error}); fetch it again") from error


def _form(folder):
    """The function that reads what is in the folder."""
    bins = folder / "cifar-10-batches-bin"
    if all((bins / name).is_file() for name in (*_TRAIN, *_TEST)):
        return _read_bins
    if (folder / ARCHIVE).is_file():
        return _read_archive
    if all((folder / name).is_file() for name in (*_STRIPS, _STRIP_LABELS, _TEST_PHOTOS)):
        return _read_strips
    return None


def _read_bins(folder):
    parts = {name: (folder / "cifar-10-batches-bin" / name).read_bytes() for name in (*_TRAIN, *_TEST)}
    return (*_records(parts, _TRAIN), *_records(parts, _TEST))


def _read_archive(folder):
    parts = {}
    with tarfile.open(folder / ARCHIVE, "r:gz") as archive:
        for member in archive:
            name = pathlib.PurePosixPath(member.name).name
            if member.isfile() and name in (*_TRAIN, *_TEST):
                parts[name] = archive.extractfile(member).read()
    return (*_records(parts, _TRAIN), *_records(parts, _TEST))


def _records(parts, names):
    """Images and labels of binary files: records of a label and 3,072 pixels."""
    size = 1 + 3 * 32 * 32
    for name in names:
        if not parts[name] or len(parts[name]) % size:
            raise ValueError(f"{name}: expected records of {size} bytes, found {len(parts[name])} bytes")
    records = np.frombuffer(b"".join(parts[name] for name in names), np.uint8).reshape(-1, size)
    return records[:, 1:].reshape(-1, *SHAPE), _checked(records[:, 0])


def _read_strips(folder):
    rows = [decode_image((folder / name).read_bytes(), color=True)[::-1] for name in _STRIPS]  # blue first
    x_train = np.concatenate([strip.transpose(1, 2, 0).reshape(-1, 32, 32, 3) for strip in rows]).transpose(0, 3, 1, 2)
    y_train = np.array((folder / _STRIP_LABELS).read_text().split(), int)
    if len(x_train) != len(y_train):
        raise ValueError(f"expected a label for each of {len(x_train)} images, found {len(y_train)}")
    x_test, y_test = [], []
    with zipfile.ZipFile(folder / _TEST_PHOTOS) as photos:
        for name in sorted(photos.namelist()):
            parts = pathlib.PurePosixPath(name).parts
            if name.endswith(".jpg") and parts[-2] in CLASSES:
                x_test.append(decode_image(photos.read(name), color=True)[::-1])
                y_test.append(CLASSES.index(parts[-2]))
    return np.ascontiguousarray(x_train), _checked(y_train), np.stack(x_test), _checked(y_test)


def _checked(labels):
    labels = np.asarray(labels, np.int64)
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise ValueError(f"expected labels from 0 to 9, found {labels.min()} to {labels.max()}")
    return labels
