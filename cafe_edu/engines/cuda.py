"""CUDA C for a net on a GPU: kernels are compiled when they are first asked for, and run on grids that fit.

A GPU runs a kernel once for each thread of a grid, many thousands at a time and in no order. Here every thread writes
numbers of its own and reads what it needs for them (a gather). So sums do not depend on the order of the threads: the
same bits each time.

A kernel works on ``planes`` planes of ``size`` numbers, say the channels of all images. Threads are laid out likewise,
x along the plane and y from plane to plane, and take long steps where the grid is smaller than the work::

    EACH_PLANE(plane) EACH(i) y[plane * size + i] = 2 * x[plane * size + i];

T is the type of the net's numbers. Sums over many numbers are added up in float64.

References
----------
NVIDIA, "CUDA C++ Programming Guide"; M. Harris, "CUDA Pro Tip: Write Flexible Kernels with Grid-Stride Loops", 2013.
"""

import functools

import numpy as np

from cafe_edu.device import array_module

THREADS = 256  #: in a block
BLOCKS = 2**16 - 1  #: in a grid, along x and along y: as many as CUDA allows along y
NUMBERS = {"f": "float", "d": "double"}  #: what T is

PRELUDE = """
typedef %s T;
#define EACH_PLANE(plane) \\
    for (int plane = blockIdx.y * blockDim.y + threadIdx.y; plane < planes; plane += gridDim.y * blockDim.y)
#define EACH(i) \\
    for (long long i = (long long) blockIdx.x * blockDim.x + threadIdx.x; i < size; \\
         i += (long long) gridDim.x * blockDim.x)

// windows of kh x kw that step by sh and sw over images of H x W and make OH x OW outputs; p pad, d dilation
#define WINDOW int H, int W, int OH, int OW, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
// the first output that sees an input, h behind the beginning of the padding
#define FIRST(h, extent, s) ((h) < (extent) ? 0 : ((h) - (extent)) / (s) + 1)
"""


@functools.cache
def _kernel(xp, source, name, number):
    return xp.RawKernel(PRELUDE % NUMBERS[number] + source, name, options=("--std=c++17",))


def launch(source, name, like, planes, size, *arguments):
    """Run a kernel on ``planes`` planes of ``size`` numbers.

    Parameters
    ----------
    source, name : str
        CUDA C, and which of its functions; that takes ``(int planes, long long size, ...)`` and the arguments.
    like : array
        Its type is T.
    arguments : array, int or float
        A whole number goes as int, another as T. Arrays are contiguous.
    """
    if not planes or not size:
        return
    width = min(THREADS, 1 << (size - 1).bit_length())
    height = min(THREADS // width, planes)  # no thread beside the planes: a step in place is taken once
    grid = min(-(-size // width), BLOCKS), min(-(-planes // height), BLOCKS)
    number = like.dtype.type
    rest = (np.int32(a) if type(a) is int else number(a) if type(a) is float else a for a in arguments)
    kernel = _kernel(array_module(like), source, name, like.dtype.char)
    kernel(grid, (width, height), (np.int32(planes), np.int64(size), *rest))


def window_numbers(size, out, window):
    """Return what WINDOW names: the numbers of windows over images of ``size`` that make ``out`` outputs.

    Examples
    --------
    >>> from cafe_edu.arrays.windows import Window
    >>> window_numbers((28, 30), (24, 26), Window.square(5))
    (28, 30, 24, 26, 5, 5, 1, 1, 0, 0, 1, 1)
    """
    return (*size, *out, *window.kernel, *window.stride, *window.pad, *window.dilation)
