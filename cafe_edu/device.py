"""Where arrays live: numpy on the CPU, cupy on the GPU, one body of mathematics for both."""

import functools
import os
import platform
import sys

import numpy as np

from cafe_edu.errors import CafeError


@functools.cache
def cupy():
    """Return the cupy module if it is installed and a GPU answers, else ``None``."""
    try:
        import cupy

        if cupy.cuda.is_available():
            cupy.zeros(1)  # one tiny array: some installations fail only here
            return cupy
    except Exception:  # a missing wheel, driver or device each raise something of their own
        return None
    return None


def array_module(x):
    """Return the module (numpy or cupy) whose functions work on the array ``x``.

    Examples
    --------
    >>> array_module(np.zeros(3)).__name__
    'numpy'
    """
    return np if isinstance(x, np.ndarray | np.generic) or cupy() is None else cupy().get_array_module(x)


def to_numpy(x):
    """Return ``x`` as a numpy array, copied from the GPU if it lives there."""
    return x if isinstance(x, np.ndarray) else x.get() if hasattr(x, "get") else np.asarray(x)


def module_of(device):
    """Return numpy for ``"cpu"`` and cupy for ``"gpu"``.

    Raises
    ------
    CafeError
        If there is no such device here.
    """
    if device == "cpu":
        return np
    if device == "gpu":
        if cupy() is None:
            raise CafeError("device 'gpu' needs cupy and an NVIDIA GPU, and none answers; see `cafe doctor`")
        return cupy()
    raise CafeError(f"expected device 'cpu' or 'gpu', found {device!r}")


def choose_gpu(number):
    """Make a GPU the one that ``device="gpu"`` means from now on.

    Raises
    ------
    CafeError
        If there is no such GPU here.
    """
    count = 0 if cupy() is None else cupy().cuda.runtime.getDeviceCount()
    if not str(number).isdecimal() or int(number) >= count:
        there = f"there are {count}, counted from 0" if count else "none answers; see `cafe doctor`"
        raise CafeError(f"no GPU {number}: {there}")
    cupy().cuda.Device(int(number)).use()


def doctor():
    """Return what this machine has for cafe_edu, as a list of (topic, finding) pairs.

    The findings a learner asks for when something is slow or missing: Python, numpy and its BLAS,
    cores and threads, the GPU, the data at hand.
    """
    from cafe_edu.data import datasets

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    threads = {k: os.environ[k] for k in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if k in os.environ}
    facts = [
        ("Python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        ("numpy", f"{np.__version__}, BLAS: {blas.get('name', 'unknown')} {blas.get('version', '')}".strip()),
        ("threads", ", ".join(f"{k}={v}" for k, v in threads.items()) or "as many as there are cores"),
        ("GPU", _gpu()),
        ("data folder", str(datasets.data_home())),
    ]
    for name in datasets.ITEMS:
        found = "at hand" if datasets.at_hand(name) else f"not here (optional): cafe fetch {name}"
        facts.append((f"data set {name}", found))
    return facts


def _gpu():
    if cupy() is not None:
        name = cupy().cuda.runtime.getDeviceProperties(0)["name"].decode()
        return f"{name}, cupy {cupy().__version__}"
    try:
        import cupy as installed
    except ImportError:
        return "none in use (optional): cupy is not installed"
    return f"none in use (optional): cupy {installed.__version__} is installed but no GPU answers"
