r"""Convolution as matrix products, forward and back.

.. math:: y = W * x + b \quad\Longleftrightarrow\quad Y = W\, \mathrm{im2col}(x) + b

``im2col`` writes, under each output pixel, the column of inputs that its window sees. A column matrix
holds each input up to k x k times, so the batch is cut into chunks whose columns fit in the cache.

Inside a chunk, arrays have the axes (m, ..., n), where m x n are its images. If the output map is large,
each image is a product of its own, in the blob's own memory: n is 1. Small maps would make small products
and short copies, so there the images become the last axis: m is 1, every copy moves long runs of numbers,
and one product serves all images of the chunk.

Shapes: x (N, C, size...), W (O, C/G, kernel...), y (N, O, out...); K = C/G prod(kernel), P = prod(out).
All are contiguous, as a blob's arrays are. The plain loops that say the same are in ``arrays/loops.py``; tests
hold one against the other. Where every channel is a group of its own, ``arrays/depthwise.py`` is faster.

References
----------
Chellapilla, Puri, Simard 2006; Caffe: ``src/caffe/util/im2col.cpp``. Lesson: day 11.
"""

import math

from cafe_edu.arrays.depthwise import depthwise_backward, depthwise_forward, pays
from cafe_edu.arrays.scratch import scratch
from cafe_edu.arrays.windows import shifts
from cafe_edu.device import array_module

CHUNK = 2**21  #: numbers in one column matrix: 8 MB of float32
SMALL = 256  #: numbers in the largest output map that counts as small


def im2col(x, window, out):
    """Return the columns of ``x``.

    Parameters
    ----------
    x : array (m, C, size..., n)
    window : Window
    out : tuple of int
        The output's spatial lengths.

    Returns
    -------
    array (m, C, kernel..., out..., n)
        Borrowed work space, good until the next ``im2col``; of a 1 x 1 window, ``x`` itself.
    """
    shape = (*x.shape[:2], *window.kernel, *out, x.shape[-1])
    if _pointwise(window):
        return x.reshape(shape)
    cols = scratch("cols", shape, x)
    if any(window.pad):
        cols[...] = 0
    for place, seen, source in shifts(x.shape[2:-1], out, window):
        cols[:, :, *place, *seen] = x[:, :, *source]
    return cols


def col2im(cols, window, x):
    """Overwrite ``x`` with every column added back to where it came from: the transpose of ``im2col``.

    Parameters
    ----------
    cols : array (m, C, kernel..., out..., n)
    window : Window
    x : array (m, C, size..., n)
    """
    x[...] = 0
    size = x.shape[2:-1]
    for place, seen, source in shifts(size, cols.shape[2 + len(size) : -1], window):
        x[:, :, *source] += cols[:, :, *place, *seen]


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    if pays(W, window, y.shape[2:], group):
        depthwise_forward(x, W, window, y)
    else:
        _forward(x, W, window, group, y)
    if b is not None:
        y += b.reshape(-1, *[1] * (y.ndim - 2))


def _forward(x, W, window, group, y):
    xp, (N, O, *out) = array_module(x), y.shape
    WG = W.reshape(group, O // group, -1)
    K = WG.shape[2]
    for images, small in _chunks(N, group * K, math.prod(out)):
        cols = im2col(_arranged(x[images], small, "x"), window, out)
        m, n = len(cols), cols.shape[-1]
        Y = scratch("y", (1, O, *out, n), y) if small else y[images][..., None]
        xp.matmul(WG, cols.reshape(m, group, K, -1), out=Y.reshape(m, group, O // group, -1))
        if small:
            y[images] = xp.moveaxis(Y[0], -1, 0)


def conv_backward(x, W, dy, window, group, dW, db, dx):
    r"""Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read).

    .. math:: dW = dY\, X^\top, \qquad db = \sum dy, \qquad dX = W^\top dY
    """
    if db is not None:
        db += dy.reshape(*dy.shape[:2], math.prod(dy.shape[2:])).sum(axis=2).sum(axis=0)
    if pays(W, window, dy.shape[2:], group):
        depthwise_backward(x, W, dy, window, dW, dx)
    else:
        _backward(x, W, dy, window, group, dW, dx)


def _backward(x, W, dy, window, group, dW, dx):
    xp, (N, O, *out) = array_module(dy), dy.shape
    P, WG = math.prod(out), W.reshape(group, O // group, -1)
    K = WG.shape[2]
    for images, small in _chunks(N, group * K, P):
        dY = _arranged(dy[images], small, "y")
        m, n = len(dY), dY.shape[-1]
        dY = dY.reshape(m, group, O // group, P * n)
        if dW is not None:
            X = im2col(_arranged(x[images], small, "x"), window, out).reshape(m, group, K, P * n)
            # (X dYᵀ)ᵀ for dY Xᵀ: the same numbers, and BLAS is faster where the larger matrix comes first
            dW += (X @ dY.swapaxes(2, 3)).sum(axis=0).swapaxes(1, 2).reshape(W.shape)
        if dx is not None:
            # the columns have served, so their memory is free again; a 1 x 1 window's are x itself
            dX = scratch("dX" if _pointwise(window) else "cols", (m, group, K, P * n), dy)
            xp.matmul(WG.swapaxes(1, 2), dY, out=dX)
            part = scratch("dx", (1, *dx.shape[1:], n), dx) if small else dx[images][..., None]
            col2im(dX.reshape(m, dx.shape[1], *window.kernel, *out, n), window, part)
            if small:
                dx[images] = xp.moveaxis(part[0], -1, 0)


def _pointwise(window):
    return {*window.kernel, *window.stride} <= {1} and not any(window.pad)


def _chunks(N, rows, P):
    """Cut N images into slices whose columns (rows x P numbers an image) stay below CHUNK numbers.

    With each slice goes whether its images are to be the last axis.
    """
    n = max(1, CHUNK // max(1, rows * P))
    return [(slice(first, first + n), N > 1 and P <= SMALL) for first in range(0, N, n)]


def _arranged(x, small, role):
    """Return images (N, C, ...) as (1, C, ..., N) in work space if they are small, else as (N, C, ..., 1)."""
    if not small:
        return x[..., None]
    last = scratch(role, (1, *x.shape[1:], len(x)), x)
    last.reshape(-1, len(x))[...] = x.reshape(len(x), -1).T
    return last
