"""Trained models by name: where they are kept, how they come there."""

import os
import pathlib

from cafe_edu.data.datasets import data_home
from cafe_edu.data.download import download
from cafe_edu.data.sources import MODELS
from cafe_edu.errors import DataError

NAMES = tuple(MODELS)


def fetch(name, progress=True):
    """Download a trained model with its prototxts, unless it is at hand; what broke off goes on where it stopped.

    It is looked for in ``$CAFE_EDU_DATA/NAME`` and ``$CAFE_EDU_DATA/models/NAME``, which are only read, and goes to
    ``models/NAME`` in `cafe_edu.data.datasets.data_home`. Every file is checked against its checksum.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    progress : bool
        Show a progress bar per file.

    Returns
    -------
    Path
        The folder with the files.

    Raises
    ------
    DataError
        If there is no such model, or no mirror gave the right files.
    """
    if name not in MODELS:
        raise DataError(f"no model {name!r}: there are {', '.join(NAMES)}")
    if (ready := _ready(name)) is not None:
        return ready
    folder = data_home() / "models" / name
    for file in MODELS[name]:
        download(file.urls, folder / file.name, file.checksum, progress)
    return folder


def _ready(name):
    """Where all files of a model lie in the folder of ready data, or None."""
    if not os.environ.get("CAFE_EDU_DATA"):
        return None
    place = pathlib.Path(os.environ["CAFE_EDU_DATA"])
    for folder in (place / name, place / "models" / name):
        if all((folder / file.name).is_file() for file in MODELS[name]):
            return folder
    return None
