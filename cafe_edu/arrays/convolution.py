r"""Convolution as one matrix product, forward and back.

.. math:: y = W * x + b \quad\Longleftrightarrow\quad Y = W\, \mathrm{im2col}(x) + b

``im2col`` writes, under each output pixel, the column of inputs that its window sees. A column matrix holds each
input up to k x k times, so the batch is cut into chunks whose columns fit in the cache. Inside a chunk the images are the last
axis: every copy then moves long runs of numbers, and one product serves all images of the chunk.

Shapes: x (N, C, size...), W (O, C/G, kernel...), y (N, O, out...); K = C/G prod(kernel), P = prod(out).
The plain loops that say the same are in ``arrays/loops.py``; tests hold one against the other.

References
----------
Chellapilla, Puri, Simard 2006; Caffe: ``src/caffe/util/im2col.cpp``. Lesson: day 11.
"""

import math

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
    """
    xp = array_module(x)
    make = xp.zeros if any(window.pad) else xp.empty
    cols = make((x.shape[0], *window.kernel, *out, x.shape[-1]), x.dtype)
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
    """
    axes = len(size)
    x = array_module(cols).zeros((cols.shape[0], *size, cols.shape[-1]), cols.dtype)
    for place, seen, source in shifts(size, cols.shape[1 + axes : 1 + 2 * axes], window):
        x[:, *source] += cols[:, *place, *seen]
    return x


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    N, O, out = y.shape[0], y.shape[1], y.shape[2:]
    P, WG = math.prod(out), W.reshape(group, O // group, -1)
    if _pointwise(window) and group == 1:
        array_module(x).matmul(WG[0], x.reshape(N, x.shape[1], P), out=y.reshape(N, O, P))
    else:
        for images in _chunks(N, W.size // O * group * P):
            cols = im2col(_images_last(x[images]), window, out)
            Y = WG @ cols.reshape(group, WG.shape[2], -1)
            y[images] = _images_first(Y.reshape(O, *out, -1))
    if b is not None:
        y += b.reshape(-1, *[1] * len(out))


def conv_backward(x, W, dy, window, group, dW, db, dx):
    r"""Add to ``dW`` and ``db``, overwrite ``dx``; each may be None where it is not wanted.

    .. math:: dW = dY\, X^\top, \qquad db = \sum dy, \qquad dX = W^\top dY
    """
    N, O, out = dy.shape[0], dy.shape[1], dy.shape[2:]
    P, WG = math.prod(out), W.reshape(group, O // group, -1)
    if db is not None:
        db += dy.reshape(N, O, P).sum(axis=2).sum(axis=0)
    if dW is None and dx is None:
        return
    for images in _chunks(N, W.size // O * group * P):
        dY = _images_last(dy[images]).reshape(group, O // group, -1)
        if dW is not None:
            cols = im2col(_images_last(x[images]), window, out)
            dW += (dY @ cols.reshape(group, WG.shape[2], -1).swapaxes(1, 2)).reshape(W.shape)
        if dx is not None:
            dcols = (WG.swapaxes(1, 2) @ dY).reshape(x.shape[1], *window.kernel, *out, -1)
            dx[images] = _images_first(col2im(dcols, window, x.shape[2:]))


def _pointwise(window):
    return {*window.kernel, *window.stride} == {1} and not any(window.pad)


def _chunks(N, numbers_per_image):
    n = max(1, CHUNK // max(1, numbers_per_image))
    return [slice(first, first + n) for first in range(0, N, n)]


def _images_last(x):
    """(n, C, ...) -> (C, ..., n), contiguous."""
    n, rest = x.shape[0], x.shape[1:]
    return array_module(x).ascontiguousarray(x.reshape(n, -1).T).reshape(*rest, n)


def _images_first(x):
    """(C, ..., n) -> (n, C, ...), a view."""
    return array_module(x).moveaxis(x, -1, 0)
