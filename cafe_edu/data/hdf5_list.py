"""HDF5 files: named in a list, read whole, as float32."""

import pathlib

import numpy as np

from cafe_edu import files
from cafe_edu.data.image_list import read_text
from cafe_edu.errors import DataError

MOST = 1032  # times its own size: no compression that HDF5 knows unpacks to more


def read_hdf5_list(path, folder=None):
    """Return the files that a list names: words parted by blanks or line ends, so a name holds no spaces.

    A name is looked for in the current folder, in ``folder``, beside the list, and last beside the list without the
    folders in front of it: a list that was moved together with its files still finds them.

    Parameters
    ----------
    path : str or Path
    folder : str or Path, optional
        Usually that of the prototxt.

    Returns
    -------
    list of Path

    Raises
    ------
    DataError
        If the list is missing or empty, or a file it names is not there.

    References
    ----------
    Caffe: ``src/caffe/layers/hdf5_data_layer.cpp``.
    """
    beside = pathlib.Path(path).parent
    found = []
    for name in read_text(path, "a list of HDF5 files").split():
        try:
            file = files.find(name, folder)
        except DataError:
            last = beside / pathlib.Path(name).name
            file = last if not (beside / name).exists() and last.exists() else files.find(name, beside)
        found.append(file)
    if not found:
        raise DataError(f"{path}: expected names of HDF5 files, found none")
    return found


def read_hdf5(path, names):
    """Return datasets of an HDF5 file as float32 arrays with one length along axis 0.

    Parameters
    ----------
    path : str or Path
    names : sequence of str

    Returns
    -------
    list of ndarray

    Raises
    ------
    DataError
        If the file is missing or damaged, a dataset is missing, empty, of another length than the first or not of
        numbers.

    References
    ----------
    Caffe: ``src/caffe/util/hdf5.cpp``.
    """
    import h5py

    if not pathlib.Path(path).is_file():
        raise DataError(f"no such HDF5 file: {path}")
    try:
        with h5py.File(path, "r") as file:
            arrays = [_dataset(file, name, path) for name in names]
    except DataError:
        raise
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError, ValueError and more
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is damaged or no HDF5 ({type(error).__name__}: {reason})") from error
    for name, array in zip(names, arrays, strict=True):
        if len(array) != len(arrays[0]):
            raise DataError(
                f"{path}: expected as many items in {name!r} as in {names[0]!r}, found {len(array)} "
                f"and {len(arrays[0])}"
            )
    return arrays


def _dataset(file, name, path):
    import h5py

    if name not in file:
        has = ", ".join(repr(key) for key in file) or "nothing"
        raise DataError(f"{path}: expected a dataset {name!r} (the name of a top), found {has}")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise DataError(f"{path}: expected a dataset {name!r}, found a group")
    if dataset.dtype.kind not in "iuf":
        raise DataError(f"{path}: expected numbers in {name!r}, found {dataset.dtype}")
    if not dataset.shape or dataset.size == 0:
        raise DataError(f"{path}: expected items along axis 0 of {name!r}, found shape {dataset.shape}")
    if dataset.nbytes > MOST * pathlib.Path(path).stat().st_size:
        raise DataError(f"{path} is damaged: {name!r} {dataset.shape} cannot fit in a file of this size")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, as in Caffe
        return dataset[...].astype(np.float32)
