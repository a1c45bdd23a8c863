"""CUDA C on a CPU: the sources of kernels, compiled by a C++ compiler and run thread by thread.

`RawKernel` takes the place of ``cupy.RawKernel``, for arrays of the strict stand-in (``strict_array.py``). It is slow
and finds what a GPU would not say: an argument of another type than the kernel's; an array that is not contiguous, or
that overlaps another; a write beside an array, and a read there, which gives NaN; results that depend on the order of
the threads, which run once in order and once backwards.

What it cannot show: speed, and what needs threads at the same time (``__syncthreads``, shared memory, atomics), which
no kernel of the house uses.
"""

import atexit
import ctypes
import functools
import hashlib
import itertools
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy as np

from cafe_edu.testing.strict_array import StrictArray

BESIDE = 512  #: bytes before and behind each array, in which nobody may write
LIMITS = (2**31 - 1, 65535, 65535), (1024, 1024, 64)  #: of CUDA: blocks in a grid, threads in a block
MOST = 1024  #: threads in a block, of all axes
#: how types are named in messages
CODES = {"bool": "?", "int8": "b", "uint8": "B", "int32": "i", "int64": "q", "float32": "f", "float64": "d"}

#: what CUDA C has and C++ has not
BEFORE = """
#include <cmath>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>
using std::max; using std::min; using std::pow; using std::sqrt;
struct Dim3 { unsigned x, y, z; };
static thread_local Dim3 threadIdx, blockIdx, blockDim, gridDim;  // ranks may be threads
#define __global__
#define __device__ static
"""
#: the codes of a kernel's parameters' types, and how all threads of all blocks run it, in order or backwards
BEHIND = """
template <class A> constexpr int code() {
    using B = std::remove_const_t<std::remove_pointer_t<A>>;
    int of = std::is_same_v<B, bool> ? '?' : std::is_floating_point_v<B> ? (sizeof(B) == 4 ? 'f' : 'd')
             : std::is_signed_v<B> ? (sizeof(B) == 8 ? 'q' : sizeof(B) == 4 ? 'i' : 'b') : sizeof(B) == 1 ? 'B' : 'L';
    return of + (std::is_pointer_v<A> ? 256 : 0);
}
template <class... A> int codes(void (*)(A...), int* found) {
    int i = 0;
    ((found[i++] = code<A>()), ...);
    return i;
}
template <class... A, size_t... I> void call(void (*f)(A...), void** args, std::index_sequence<I...>) {
    f(*(A*) args[I]...);
}
template <class... A> void run(void (*f)(A...), void** args, int backwards) {
    long blocks = (long) gridDim.x * gridDim.y, threads = (long) blockDim.x * blockDim.y, total = blocks * threads;
    for (long i = 0; i < total; i++) {
        long at = backwards ? total - 1 - i : i, block = at / threads, thread = at % threads;
        blockIdx = {unsigned(block % gridDim.x), unsigned(block / gridDim.x), 0};
        threadIdx = {unsigned(thread % blockDim.x), unsigned(thread / blockDim.x), 0};
        call(f, args, std::index_sequence_for<A...>());
    }
}
"""
#: the way in to one kernel
WAY_IN = """
extern "C" int parameters_KERNEL(int* found) { return codes(KERNEL, found); }
extern "C" void launch_KERNEL(unsigned gx, unsigned gy, unsigned bx, unsigned by, void** args, int backwards) {
    gridDim = {gx, gy, 1}, blockDim = {bx, by, 1};
    run(KERNEL, args, backwards);
}
"""


def compiler():
    """The C++ compiler of this machine, or None."""
    return shutil.which("g++") or shutil.which("clang++")


@functools.cache
def _folder():
    folder = tempfile.mkdtemp(prefix="cuda_on_cpu_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


@functools.cache
def _library(source):
    """Compile all kernels of a source."""
    names = re.findall(r"__global__\s+void\s+(\w+)", source)
    text = BEFORE + source + BEHIND + "".join(WAY_IN.replace("KERNEL", name) for name in names)
    stem = _folder() / hashlib.sha256(text.encode()).hexdigest()
    stem.with_suffix(".cpp").write_text(text)
    command = [compiler(), "-std=c++17", "-O1", "-w", "-shared", "-fPIC", "-o", f"{stem}.so", f"{stem}.cpp"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"kernels {', '.join(names)} are no C++: {done.stderr}")
    return ctypes.CDLL(f"{stem}.so")


@functools.cache
def _kernel(source, name):
    """Return what runs a kernel, and the codes of its parameters' types."""
    library, found = _library(source), (ctypes.c_int * 64)()
    return getattr(library, f"launch_{name}"), found[: getattr(library, f"parameters_{name}")(found)]


class RawKernel:
    """As ``cupy.RawKernel``: called with a grid, a block and the arguments."""

    def __init__(self, code, name, options=(), backend="nvrtc"):
        self.source, self.name = code, name

    def __call__(self, grid, block, args):
        for what, numbers, most in zip(("grid", "block"), (grid, block), LIMITS, strict=True):
            if len(numbers) != 2 or not all(1 <= n <= m for n, m in zip(numbers, most, strict=False)):
                raise ValueError(f"CUDA_ERROR_INVALID_VALUE: a {what} of {numbers}, the most is {most}")
        if block[0] * block[1] > MOST:
            raise ValueError(f"CUDA_ERROR_INVALID_VALUE: a block of {block}, more than {MOST} threads")
        launch, codes = _kernel(self.source, self.name)
        given = [_code(value) for value in args]
        if given != codes:
            said = (" ".join(chr(c % 256) + "*" * (c > 255) for c in some) for some in (codes, given))
            raise TypeError(f"{self.name} takes ({next(said)}), found ({next(said)})")
        arrays = _arrays(args)
        results = [_run(launch, grid, block, args, arrays, backwards) for backwards in (0, 1)]
        for host, one, other in zip(arrays.values(), *results, strict=True):
            if one.tobytes() != other.tobytes():
                raise ValueError(f"{self.name}: what it writes depends on the order of its threads")
            host[...] = one


def _code(value):
    """The code of a type, as C++ has it: 256 more for a pointer."""
    if isinstance(value, StrictArray | np.generic) and value.dtype.name in CODES:
        return ord(CODES[value.dtype.name]) + 256 * isinstance(value, StrictArray)
    if type(value) in (int, float):  # which cupy makes as large as it can
        return ord("q" if type(value) is int else "d")
    raise TypeError(f"Unsupported type {type(value)}")  # as cupy says of numpy's arrays and all else


def _arrays(args):
    """Return address -> the numbers, of each array once; raise for what a kernel would misread."""
    found = {}
    for value in args:
        if isinstance(value, StrictArray):
            host = value._host
            if not host.flags.c_contiguous:
                raise ValueError(f"an array of shape {host.shape} and strides {host.strides} is not contiguous")
            if found.setdefault(host.ctypes.data, host).nbytes != host.nbytes:
                raise ValueError("two arrays begin at the same place and are not equally long")
    places = sorted((at, at + host.nbytes) for at, host in found.items())
    if any(end > begin for (_, end), (begin, _) in itertools.pairwise(places)):
        raise ValueError("two arrays overlap")
    return found


def _run(launch, grid, block, args, arrays, backwards):
    """Run on copies that have guarded bytes around them; return the copies."""
    copies, guards = {}, {}
    for number, (at, host) in enumerate(arrays.items()):  # bytes that are NaN, and of each array others
        guards[at] = guard = np.full(BESIDE // 4, 0xFFFFFF00 + number, np.uint32).view(np.uint8)
        copies[at] = np.concatenate([guard, np.frombuffer(host.tobytes(), np.uint8), guard])
    values = []
    for value in args:
        if isinstance(value, StrictArray):
            value = np.uintp(copies[value._host.ctypes.data].ctypes.data + BESIDE)
        values.append(np.array(value))
    pointers = (ctypes.c_void_p * len(values))(*(value.ctypes.data for value in values))
    launch(*map(ctypes.c_uint, (*grid, *block)), pointers, ctypes.c_int(backwards))
    for at, guard in guards.items():
        if (copies[at][:BESIDE] != guard).any() or (copies[at][-BESIDE:] != guard).any():
            raise IndexError("a kernel wrote beside an array")
    return [
        copies[at][BESIDE : BESIDE + host.nbytes].view(host.dtype).reshape(host.shape) for at, host in arrays.items()
    ]
