"""SyncedMemory: one array in two places, copied over only when it must be."""

import collections
import math

import numpy as np

from cafe_edu.device import cupy
from cafe_edu.errors import ShapeError

UNINITIALIZED, HEAD_AT_CPU, HEAD_AT_GPU, SYNCED = "UNINITIALIZED", "HEAD_AT_CPU", "HEAD_AT_GPU", "SYNCED"
STATES = (UNINITIALIZED, HEAD_AT_CPU, HEAD_AT_GPU, SYNCED)

Copies = collections.namedtuple("Copies", "to_gpu to_cpu bytes")


class SyncedMemory:
    """Numbers that the CPU and the GPU take turns with.

    The head is where the newest numbers are. Whoever asks to read gets a copy if the head is elsewhere, and then both
    are equal: SYNCED. Whoever asks for ``mutable`` numbers is taken to write them: the head moves there, and the
    other side's copy is out of date.

    ================  =============  =================  ===========  =================
    from              cpu_data       mutable_cpu_data   gpu_data     mutable_gpu_data
    ================  =============  =================  ===========  =================
    UNINITIALIZED     HEAD_AT_CPU    HEAD_AT_CPU        HEAD_AT_GPU  HEAD_AT_GPU
    HEAD_AT_CPU       HEAD_AT_CPU    HEAD_AT_CPU        SYNCED *     HEAD_AT_GPU *
    HEAD_AT_GPU       SYNCED *       HEAD_AT_CPU *      HEAD_AT_GPU  HEAD_AT_GPU
    SYNCED            SYNCED         HEAD_AT_CPU        SYNCED       HEAD_AT_GPU
    ================  =============  =================  ===========  =================

    (* the numbers are copied.) ``set_cpu_data`` and ``set_gpu_data`` lead to HEAD_AT_CPU and HEAD_AT_GPU from
    everywhere, without a copy.

    Parameters
    ----------
    shape : sequence of int
    dtype : dtype, default=float32
    xp : module, optional
        The module of the GPU's arrays: cupy where a GPU answers, else a simulated one, whose arrays numpy cannot reach
        (see `cafe_edu.testing.strict_cupy`).

    Attributes
    ----------
    head : str
        One of the four states.
    copies : Copies
        How often numbers went to the GPU and to the CPU, and how many bytes in all.

    Examples
    --------
    >>> memory = SyncedMemory((2, 3))
    >>> memory.mutable_cpu_data()[...] = 1   # written here, the GPU does not know
    >>> total = memory.gpu_data().sum()      # read there: one copy
    >>> total = memory.gpu_data().sum()      # and again: no copy
    >>> memory
    SyncedMemory (2, 3) float32, SYNCED; 1 copy to the GPU, 0 to the CPU, 24 bytes

    References
    ----------
    Caffe: ``include/caffe/syncedmem.hpp``, ``src/caffe/syncedmem.cpp``. Lesson: day 4.
    """

    def __init__(self, shape, dtype=np.float32, xp=None):
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        self.xp = _gpu_module() if xp is None else xp
        self.head, self.copies = UNINITIALIZED, Copies(0, 0, 0)
        self._cpu = self._gpu = None

    @property
    def nbytes(self):
        """Bytes of one of the two arrays."""
        return math.prod(self.shape) * self.dtype.itemsize

    # the CPU's side ---------------------------------------------------------------------------------

    def cpu_data(self):
        """Return the numbers for reading on the CPU: an array that refuses to be written."""
        self._to_cpu()
        view = self._cpu.view()
        view.flags.writeable = False
        return view

    def mutable_cpu_data(self):
        """Return the numbers for writing on the CPU; what the GPU has is out of date from now on."""
        self._to_cpu()
        self.head = HEAD_AT_CPU
        return self._cpu

    def set_cpu_data(self, array):
        """Use an array of the caller's as the CPU's side: nothing is copied, and both see what either writes."""
        if not isinstance(array, np.ndarray):
            raise ShapeError(f"expected a numpy array, found a {type(array).__name__}")
        self._check(array)
        self._cpu, self.head = array, HEAD_AT_CPU

    def _to_cpu(self):
        if self.head == UNINITIALIZED:
            self._cpu, self.head = np.zeros(self.shape, self.dtype), HEAD_AT_CPU
        elif self.head == HEAD_AT_GPU:
            if self._cpu is None:
                self._cpu = np.empty(self.shape, self.dtype)
            self._cpu[...] = self._gpu.get()
            self._copied(to_cpu=1)

    # the GPU's side ---------------------------------------------------------------------------------

    def gpu_data(self):
        """Return the numbers for reading on the GPU. cupy has no arrays that refuse to be written: do not."""
        self._to_gpu()
        return self._gpu

    def mutable_gpu_data(self):
        """Return the numbers for writing on the GPU; what the CPU has is out of date from now on."""
        self._to_gpu()
        self.head = HEAD_AT_GPU
        return self._gpu

    def set_gpu_data(self, array):
        """Use an array of the caller's as the GPU's side; nothing is copied."""
        if not isinstance(array, self.xp.ndarray):
            raise ShapeError(f"expected an array on the GPU, found a {type(array).__name__}")
        self._check(array)
        self._gpu, self.head = array, HEAD_AT_GPU

    def _to_gpu(self):
        if self.head == UNINITIALIZED:
            self._gpu, self.head = self.xp.zeros(self.shape, self.dtype), HEAD_AT_GPU
        elif self.head == HEAD_AT_CPU:
            if self._gpu is None:
                self._gpu = self.xp.empty(self.shape, self.dtype)
            self._gpu[...] = self.xp.asarray(self._cpu)
            self._copied(to_gpu=1)

    # both -------------------------------------------------------------------------------------------

    def sides(self):
        """Return what each side holds, without a request: {"cpu": (numbers or None, up to date?), "gpu": ...}.

        The numbers are copies in numpy that count as no transfer, for whoever looks on.
        """
        gpu = None if self._gpu is None else self._gpu.get()
        cpu = None if self._cpu is None else self._cpu.copy()
        return {"cpu": (cpu, self.head in (HEAD_AT_CPU, SYNCED)), "gpu": (gpu, self.head in (HEAD_AT_GPU, SYNCED))}

    def _copied(self, to_gpu=0, to_cpu=0):
        copies = self.copies
        self.copies = Copies(copies.to_gpu + to_gpu, copies.to_cpu + to_cpu, copies.bytes + self.nbytes)
        self.head = SYNCED

    def _check(self, array):
        if array.shape != self.shape or array.dtype != self.dtype:
            raise ShapeError(f"expected {self.shape} {self.dtype}, found {array.shape} {array.dtype}")

    def __repr__(self):
        to_gpu, to_cpu, nbytes = self.copies
        went = f"{to_gpu} {'copy' if to_gpu == 1 else 'copies'} to the GPU, {to_cpu} to the CPU, {nbytes} bytes"
        return f"SyncedMemory {self.shape} {self.dtype}, {self.head}; {went}"


def _gpu_module():
    if cupy() is not None:
        return cupy()
    from cafe_edu.testing.strict_cupy import StrictCupy

    return StrictCupy()
