r"""Convolution as one matrix product, forward and back.

.. math:: y = W * x + b \quad\Longleftrightarrow\quad Y = W\, \mathrm{im2col}(x) + b

``im2col`` writes, under each output pixel, the column of inputs that its window sees. A column matrix
holds each input up to k x k times, so the batch is cut into chunks whose columns fit in the cache. Inside
a chunk the images are the last axis: every copy then moves long runs of numbers, and one product serves
all images of the chunk.

Shapes: x (N, C, size...), W (O, C/G, kernel...), y (N, O, out...); K = C/G prod(kernel), P = prod(out).
The plain loops that say the same are in ``arrays/loops.py``; tests hold one against the other.

References
----------
Chellapilla, Puri, Simard 2006; Caffe: ``src/caffe/util/im2col.cpp``. Lesson: day 11.
"""

import math

from cafe_edu.arrays.scratch import scratch
from cafe_edu.arrays.windows import shifts
from cafe_edu.device import array_module

CHUNK = 2**21  #: numbers in one column matrix: 8 MB of float32


def im2col(x, window, out):
    """Return the columns of ``x``.

    Parameters
    ----------
    x : array (C, size..., n)
    window : Window
    out : tuple of int
        The output's spatial lengths.

    Returns
    -------
    array (C, kernel..., out..., n)
        Borrowed work space: good until the next ``im2col``.
    """
    cols = scratch("cols", (x.shape[0], *window.kernel, *out, x.shape[-1]), x)
    if any(window.pad):
        cols[...] = 0
    for place, seen, source in shifts(x.shape[1:-1], out, window):
        cols[:, *place, *seen] = x[:, *source]
    return cols


def col2im(cols, window, size):
    """Add every column back to where it came from: the transpose of ``im2col``.

    Parameters
    ----------
    cols : array (C, kernel..., out..., n)
    window : Window
    size : tuple of int
        The input's spatial lengths.

    Returns
    -------
    array (C, size..., n)
        Borrowed work space: good until the next ``col2im``.
    """
    axes = len(size)
    x = scratch("images", (cols.shape[0], *size, cols.shape[-1]), cols)
    x[...] = 0
    for place, seen, source in shifts(size, cols.shape[1 + axes : 1 + 2 * axes], window):
        x[:, *source] += cols[:, *place, *seen]
    return x


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    xp, (N, O, *out) = array_module(x), y.shape
    P, WG = math.prod(out), W.reshape(group, O // group, -1)
    K = WG.shape[2]
    if _pointwise(window) and group == 1:
        xp.matmul(WG[0], x.reshape(N, x.shape[1], P), out=y.reshape(N, O, P))
    else:
        for images in _chunks(N, group * K * P):
            cols = im2col(_images_last(x[images], "x"), window, out)
            Y = scratch("Y", (O, *out, cols.shape[-1]), x)
            xp.matmul(WG, cols.reshape(group, K, -1), out=Y.reshape(group, O // group, -1))
            y[images] = xp.moveaxis(Y, -1, 0)
    if b is not None:
        y += b.reshape(-1, *[1] * len(out))


def conv_backward(x, W, dy, window, group, dW, db, dx):
    r"""Add to ``dW`` and ``db``, overwrite ``dx``; ``db`` and ``dx`` may be None where they are not wanted.

    .. math:: dW = dY\, X^\top, \qquad db = \sum dy, \qquad dX = W^\top dY
    """
    xp, (N, O, *out) = array_module(x), dy.shape
    P, WG = math.prod(out), W.reshape(group, O // group, -1)
    K = WG.shape[2]
    if db is not None:
        db += dy.reshape(N, O, P).sum(axis=2).sum(axis=0)
    for images in _chunks(N, group * K * P):
        dY = _images_last(dy[images], "Y").reshape(group, O // group, -1)
        cols = im2col(_images_last(x[images], "x"), window, out)
        dW += (dY @ cols.reshape(group, K, -1).swapaxes(1, 2)).reshape(W.shape)
        if dx is not None:
            xp.matmul(WG.swapaxes(1, 2), dY, out=cols.reshape(group, K, -1))  # cols has served: now it is dX
            dx[images] = xp.moveaxis(col2im(cols, window, x.shape[2:]), -1, 0)


def _pointwise(window):
    return {*window.kernel, *window.stride} <= {1} and not any(window.pad)


def _chunks(N, numbers_per_image):
    """Cut N images into slices whose columns stay below CHUNK numbers."""
    n = max(1, CHUNK // max(1, numbers_per_image))
    return [slice(first, first + n) for first in range(0, N, n)]


def _images_last(x, role):
    """(n, C, ...) -> (C, ..., n), in work space."""
    last = scratch(role, (*x.shape[1:], x.shape[0]), x)
    last.reshape(-1, len(x))[...] = x.reshape(len(x), -1).T
    return last
