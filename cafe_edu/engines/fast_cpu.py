"""The fast engine for a CPU: compiled loops that know the processor's vectors and registers, shared out among a crew.

A batch is cut into equal parts, one for each thread of the crew. Who computes what: convolution ``conv_cpu.py``,
without copies of columns and without BLAS; pooling ``pooling_rows.py``; matrix products ``product_cpu.py``; elementwise
loops ``loops_cpu.py``.

Arrays are as in ``plain.py``, which computes what is not for images (other than two spatial axes).
"""

import math

import numpy as np

from cafe_edu.engines import conv_cpu, loops_cpu, pooling_rows, product_cpu
from cafe_edu.engines.crew import crew
from cafe_edu.engines.fast_normalization_cpu import *  # noqa: F403 (BatchNorm, Scale, LRN; what is in neither is plain's)
from cafe_edu.engines.instructions import lanes

conv_forward, conv_backward, product = conv_cpu.conv_forward, conv_cpu.conv_backward, product_cpu.product

FLAT = 2**15  #: numbers below which an elementwise loop is not shared out


def max_forward(x, window, y, want_index):
    """Write the largest input of each window; return its place in the window, or None if it is not wanted."""
    places = math.prod(window.kernel)
    index = np.empty(y.shape, np.uint8 if places <= 256 else np.int32)
    shape = window.kernel, window.stride, window.pad, lanes(x.dtype)
    X, Y, I = _planes(x), _planes(y), _planes(index)
    crew().share(lambda part: pooling_rows.max_forward(X[part], *shape, Y[part], I[part]), len(X))
    return index if want_index else None


def max_backward(dy, index, window, dx):
    """Overwrite ``dx``: each output's gradient goes to the one input that was largest."""
    shape = window.kernel, window.stride, window.pad
    dY, I, dX = _planes(dy), _planes(index), _planes(dx)
    crew().share(lambda part: loops_cpu.max_backward(dY[part], I[part], *shape, dX[part]), len(dX))


def ave_forward(x, window, y):
    """Write the mean of each window; padding counts as zeros."""
    shape = window.kernel, window.stride, window.pad, lanes(x.dtype)
    a, b = (np.array(lengths, x.dtype) for lengths in _lengths(x, window, y))
    b = np.append(b, np.ones(lanes(x.dtype), x.dtype))  # a vector may begin at the last
    X, Y = _planes(x), _planes(y)
    crew().share(lambda part: pooling_rows.ave_forward(X[part], *shape, a, b, Y[part]), len(X))


def ave_backward(dy, window, dx):
    """Overwrite ``dx``: each input of a window gets an equal share of its output's gradient."""
    shape = window.kernel, window.stride, window.pad
    dY, dX = _planes(dy), _planes(dx)
    crew().share(lambda part: loops_cpu.ave_backward(dY[part], *shape, dX[part]), len(dX))


def relu_forward(x, y, positive):
    """Write max(x, 0) to ``y``, which may be ``x``, and to ``positive`` (bool, or None) where x is positive."""
    if positive is None:
        _flat(loops_cpu.relu, x, y)
    else:
        _flat(loops_cpu.relu_forward, x, y, positive)


def relu_backward(dy, positive, dx):
    """Write to ``dx`` what of ``dy`` passes; ``dx`` may be ``dy``."""
    _flat(loops_cpu.relu_backward, dy, positive, dx)


def sgd_update(w, g, h, scale, decay, momentum, rate):
    """Walk one step downhill, all in place, in one pass through memory."""
    numbers = [w.dtype.type(number) for number in (scale, decay, momentum, rate)]
    _flat(lambda *arrays: loops_cpu.sgd_update(*arrays, *numbers), w, g, h)


def adam_update(w, g, m, v, scale, decay, beta1, beta2, rate, delta):
    """Walk one step of Adam, all in place, in one pass through memory."""
    numbers = (scale, decay, beta1, 1 - beta1, beta2, 1 - beta2, rate, delta)
    numbers = [w.dtype.type(number) for number in numbers]
    _flat(lambda *arrays: loops_cpu.adam_update(*arrays, *numbers), w, g, m, v)


def _planes(x):
    """The planes of images (N, C, H, W): (N C, H, W)."""
    return x.reshape(-1, *x.shape[2:])


def _lengths(x, window, y):
    """For each axis, the length of every window, without what lies beyond the padding."""
    axes = zip(x.shape[2:], y.shape[2:], window.kernel, window.stride, window.pad, strict=True)
    for n, out, k, s, p in axes:
        yield [min(i * s - p + k, n + p) - (i * s - p) for i in range(out)]


def _flat(loop, *arrays):
    """Run an elementwise loop over whole arrays, shared out if they are long."""
    lines = [array.reshape(-1) for array in arrays]
    if lines[0].size < FLAT:
        loop(*lines)
    else:
        crew().share(lambda part: loop(*(line[part] for line in lines)), lines[0].size)
