"""Device query: what GPUs this machine has."""

from cafe_edu.device import cupy
from cafe_edu.errors import CafeError, SpecError

FACTS = {  # Caffe's words -> CUDA's; newer versions of CUDA leave some of them out
    "Major revision number": "major",
    "Minor revision number": "minor",
    "Name": "name",
    "Total global memory": "totalGlobalMem",
    "Total shared memory per block": "sharedMemPerBlock",
    "Total registers per block": "regsPerBlock",
    "Warp size": "warpSize",
    "Maximum memory pitch": "memPitch",
    "Maximum threads per block": "maxThreadsPerBlock",
    "Maximum dimension of block": "maxThreadsDim",
    "Maximum dimension of grid": "maxGridSize",
    "Clock rate": "clockRate",
    "Total constant memory": "totalConstMem",
    "Texture alignment": "textureAlignment",
    "Concurrent copy and execution": "deviceOverlap",
    "Number of multiprocessors": "multiProcessorCount",
    "Kernel execution timeout": "kernelExecTimeoutEnabled",
}


def device_query(which="all"):
    """Return the facts of each GPU.

    Parameters
    ----------
    which : str
        Their numbers, such as "0" or "0,1", or "all".

    Returns
    -------
    list of dict
        "Device id" and the ``FACTS`` that CUDA knows; empty where no GPU is in use and all were asked for.

    Raises
    ------
    CafeError
        If a GPU that was named is not there.

    References
    ----------
    Caffe: ``device_query`` in ``tools/caffe.cpp``, ``Caffe::DeviceQuery`` in ``src/caffe/common.cpp``.
    """
    count = 0 if cupy() is None else cupy().cuda.runtime.getDeviceCount()
    if which == "all":
        return [_facts(i) for i in range(count)]
    if not all(part.isdecimal() for part in which.split(",")):
        raise SpecError(f"expected numbers of GPUs such as 0 or 0,1, or all, found {which!r}")
    numbers = [int(part) for part in which.split(",")]
    for number in numbers:
        if number >= count:
            there = f"there are {count}" if count else "none answers; see `cafe doctor`"
            raise CafeError(f"no GPU {number}: {there}")
    return [_facts(number) for number in numbers]


def _facts(number):
    found = cupy().cuda.runtime.getDeviceProperties(number)
    return {"Device id": number} | {
        words: _plain(found[name]) for words, name in FACTS.items() if name in found
    }  # fmt: skip


def _plain(value):
    """A fact as JSON can hold it."""
    if isinstance(value, bytes):
        return value.decode()
    return list(value) if isinstance(value, tuple) else value
