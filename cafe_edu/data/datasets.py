"""Data sets by name: where they are kept, how they come there, how they are read."""

import dataclasses
import os
import pathlib

import numpy as np

from cafe_edu import files
from cafe_edu.data import cifar10
from cafe_edu.data.digits import read_digits
from cafe_edu.data.download import download
from cafe_edu.data.idx import read_idx
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.data.sources import SETS
from cafe_edu.errors import DataError

NAMES = ("digits", "mnist", "fashion_mnist", "cifar10", "handwriting")
SPLITS = ("train", "test")
ITEMS = {  # name -> shape of one image
    "digits": (1, 28, 28),
    "mnist": (1, 28, 28),
    "fashion_mnist": (1, 28, 28),
    "cifar10": cifar10.SHAPE,
}
CLASSES = {  # name -> what the labels mean, where they are not digits
    "fashion_mnist": ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"),
    "cifar10": cifar10.CLASSES,
}
_TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Images and labels, split into those to learn from and those to be tested on.

    Attributes
    ----------
    name : str
    x_train, x_test : ndarray of uint8, (N, 1, 28, 28) or (N, 3, 32, 32)
        0 to 255; digits and clothes white on black, photos in red, green, blue.
    y_train, y_test : ndarray of int64, (N,)
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __repr__(self):
        return (
            f"Dataset({self.name!r}, {len(self.x_train):,} to learn from, {len(self.x_test):,} for testing)"
        )


def data_home():
    """Return the folder where data sets are kept once they are fetched or made.

    That is ``$CAFE_EDU_HOME`` if it is set; else ``datasets/`` of the repository this package lies
    in; else, for an installed package, the user's own cache folder.
    """
    if os.environ.get("CAFE_EDU_HOME"):
        return pathlib.Path(os.environ["CAFE_EDU_HOME"]).expanduser()
    checkout = pathlib.Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "datasets").is_dir():
        return checkout / "datasets"
    import pooch

    return pathlib.Path(pooch.os_cache("cafe_edu"))


def at_hand(name):
    """Say whether a data set can be used now, without a download.

    It is looked for in ``$CAFE_EDU_DATA/NAME``, a folder of ready data sets that is only read, and then in
    `data_home`. The digits are always there: they come with scikit-learn.

    Examples
    --------
    >>> at_hand("digits")
    True
    """
    name = _real_name(name)
    return name == "digits" or _folder(name) is not None


def load(name):
    """Read a data set into memory.

    Parameters
    ----------
    name : "digits", "mnist", "fashion_mnist", "cifar10" or "handwriting"
        "handwriting" is MNIST if that is at hand, else the digits.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If there is no such set, it is not at hand, or its files are damaged.

    Examples
    --------
    >>> load("digits")
    Dataset('digits', 1,437 to learn from, 360 for testing)
    """
    name = _real_name(name)
    if name == "digits":
        return Dataset(name, *read_digits())
    folder = _folder(name)
    if folder is None:
        raise DataError(f"{_TITLES[name]} is not here yet: run `cafe fetch {name}` (it goes to {data_home() / name})")
    if name == "cifar10":
        return Dataset(name, *cifar10.read_cifar10(folder))
    return Dataset(name, *_read_mnist(folder, "train"), *_read_mnist(folder, "t10k"))


def lmdb(name, split):
    """Return the path of a data set's LMDB, which is made the first time.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    split : "train" or "test"

    Returns
    -------
    Path
        ``NAME/NAME_SPLIT_lmdb`` in `data_home`.
    """
    name = _real_name(name)
    if split not in SPLITS:
        raise DataError(f"expected the split 'train' or 'test', found {split!r}")
    path = data_home() / name / f"{name}_{split}_lmdb"
    if path.exists():
        return path
    data = load(name)
    x, y = (data.x_train, data.y_train) if split == "train" else (data.x_test, data.y_test)
    try:
        write_lmdb(path, zip(x, y, strict=True))
    except DataError:
        if not path.exists():  # else another process was quicker, and its LMDB is as good
            raise
    except OSError as error:
        raise DataError(
            f"cannot write {path}: {error.strerror}. Set CAFE_EDU_HOME to a folder of yours"
        ) from error
    return path


def fetch(name, progress=True):
    """Download a data set, unless it is at hand. What broke off goes on where it stopped.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    progress : bool
        Show a progress bar per file.

    Returns
    -------
    Path or None
        The folder with the files; None for a set that needs none.

    Raises
    ------
    DataError
        If there is no such set, or no mirror gave the right files.
    """
    name = _real_name(name)
    if name == "digits":
        return None
    folder = _folder(name)
    if folder is not None and folder != data_home() / name:
        return folder
    for file in SETS[name]:
        download(file.urls, data_home() / name / file.name, file.checksum, progress)
    return data_home() / name


def resolve_source(name, folder=None):
    """Return the path of the database that a Data layer names as its ``source``.

    It is looked for in the current folder and then in ``folder``, that of the prototxt. If it is in
    neither, and its relative path ends in ``SET/SET_train_lmdb`` or ``SET/SET_test_lmdb`` of a set
    we know, it is that set's LMDB (see `lmdb`). So Caffe's own LeNet, whose source is
    ``examples/mnist/mnist_train_lmdb``, trains as it is.

    Parameters
    ----------
    name : str
    folder : Path, optional

    Raises
    ------
    DataError
        If it is not there, and is no set we know or one that must be fetched first.
    """
    try:
        return files.find(name, folder)
    except DataError:
        path = pathlib.Path(name)
        for known in NAMES:
            for split in SPLITS:
                if not path.is_absolute() and path.parts[-2:] == (known, f"{known}_{split}_lmdb"):
                    return lmdb(known, split)
        raise


def _real_name(name):
    """What "handwriting" stands for; other names as they are."""
    if name not in NAMES:
        raise DataError(f"no data set {name!r}: there are {', '.join(NAMES)}")
    if name == "handwriting":
        return "digits" if _folder("mnist") is None else "mnist"
    return name


def _folder(name):
    """Where all files of a set are, or None."""
    places = [data_home() / name]
    if os.environ.get("CAFE_EDU_DATA"):
        places.insert(0, pathlib.Path(os.environ["CAFE_EDU_DATA"]) / name)
    for place in places:
        complete = all((place / file.name).is_file() for file in SETS[name])
        if complete or (name == "cifar10" and cifar10.is_cifar10(place)):
            return place
    return None


def _read_mnist(folder, part):
    """The images (N, 1, 28, 28) and labels (N,) of one part of MNIST, or of a set in its format."""
    x = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    y = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    if x.shape[1:] != (28, 28) or y.shape != x.shape[:1]:
        raise DataError(
            f"{folder}: expected {part} images (N, 28, 28) and labels (N,), found {x.shape} and {y.shape}"
        )
    return x[:, np.newaxis], y.astype(np.int64)
