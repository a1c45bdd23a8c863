"""Fixtures that every test may ask for."""

import os
import pathlib

import pytest

from cafe_edu.device import cupy
from cafe_edu.testing import strict_cupy

ROOT = pathlib.Path(__file__).parents[1]


def _folder(variable, default):
    """Return the folder that a variable names, or else ``default``; skip where it is not there."""
    folder = pathlib.Path(os.environ.get(variable) or default)
    if not folder.is_dir():
        pytest.skip(f"no such folder: {folder} (set {variable} to run this test)")
    return folder


@pytest.fixture(scope="session")
def shared():
    """The folder with real Caffe's stored outputs, `oracle/` and `references/`: CAFE_EDU_SHARED."""
    return _folder("CAFE_EDU_SHARED", ROOT.parent / "shared")


@pytest.fixture(scope="session")
def data_folder():
    """The folder with the full data sets (mnist/, lenet_v2/, ...): CAFE_EDU_DATA."""
    return _folder("CAFE_EDU_DATA", ROOT.parent / "shared" / "data")


@pytest.fixture(params=["numpy", "strict", "cupy"])
def device(request):
    """Each device in turn: "cpu"; "gpu", which is a strict stand-in for cupy; "gpu", where one answers."""
    if request.param == "numpy":
        yield "cpu"
    elif request.param == "strict":
        with strict_cupy():
            yield "gpu"
    elif cupy() is None:
        pytest.skip("no GPU answers")
    else:
        yield "gpu"
