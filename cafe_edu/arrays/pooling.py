r"""Pooling: one number for each window, the largest or the mean.

Shapes: x (N, C, H, W), y (N, C, OH, OW). The window's rules are Caffe's: sizes round up, so the last
window may hang over the edge; MAX never sees padding; AVE divides by the window's size clipped at the
padded edge.

References
----------
Caffe: ``src/caffe/layers/pooling_layer.cpp``. Lesson: day 11.
"""

import itertools
import math

from cafe_edu.arrays.scratch import scratch
from cafe_edu.arrays.windows import shifts
from cafe_edu.device import array_module
from cafe_edu.errors import ShapeError


def pool_size(size, window, ceil=True):
    r"""Number of windows per axis: :math:`\lceil (n + 2p - k)/s \rceil + 1`.

    With padding, one fewer where the last window would start behind the image. A kernel larger than the image still
    makes one window as long as n + 2p > k - s; rounded down, the image must hold the kernel.

    Raises
    ------
    ShapeError
        If there is no window, or if one would see no input at all (real
        Caffe goes on there with -3.4e38 or NaN, and writes outside its memory on the way back).

    Examples
    --------
    >>> from cafe_edu.arrays.windows import Window
    >>> pool_size((7, 7), Window.square(2, stride=2))
    (4, 4)
    >>> pool_size((7, 7), Window.square(2, stride=2), ceil=False)
    (3, 3)
    """
    out = []
    for n, k, s, p in zip(size, window.kernel, window.stride, window.pad, strict=True):
        room = n + 2 * p - k
        count = (-(-room // s) if ceil else room // s) + 1
        if count < 1 or n < 1:
            raise ShapeError(
                f"expected an image of at least the kernel's size {k} (pad {p} counted), found {n} in {tuple(size)}"
            )
        if any(window.pad) and (count - 1) * s >= n + p:
            count -= 1
        if (count - 1) * s - p >= n:
            raise ShapeError(
                f"the last of {count} windows (kernel {k}, stride {s}) starts outside the {n} inputs of "
                f"{tuple(size)}; use a stride of at most {k} or round_mode: FLOOR"
            )
        out.append(count)
    return tuple(out)


def max_forward(x, window, y, want_index):
    """Write the largest input of each window to ``y``.

    Returns
    -------
    array of y's shape, or None
        With ``want_index``: which place in the kernel (0 .. k*k-1, row by row) the largest input stands
        at; the first one if several are equal.
    """
    xp = array_module(x)
    y[...] = -xp.inf
    places = xp.uint8 if math.prod(window.kernel) <= 256 else xp.int32
    index = xp.zeros(y.shape, places) if want_index else None
    for place, seen, source in shifts(x.shape[2:], y.shape[2:], window):
        best = y[:, :, *seen]
        part = scratch("part", best.shape, x)  # side by side in memory: the lines below then run fast
        part[...] = x[:, :, *source]
        if want_index:
            where = index[:, :, *seen]
            xp.maximum(where, (part > best) * where.dtype.type(_number(place, window)), out=where)
        xp.maximum(best, part, out=best)
    return index


def max_backward(dy, index, window, dx):
    """Overwrite ``dx``: each output's gradient goes to the one input that was largest."""
    apart = all(s >= k for s, k in zip(window.stride, window.kernel, strict=True))  # each input in one window
    dx[...] = 0
    for place, seen, source in shifts(dx.shape[2:], dy.shape[2:], window):
        mine = index[:, :, *seen] == _number(place, window)
        if apart:
            array_module(dx).multiply(dy[:, :, *seen], mine, out=dx[:, :, *source])
        else:
            dx[:, :, *source] += dy[:, :, *seen] * mine


def mask_of(index, window, size):
    """Turn kernel places into positions in the H x W plane, row by row (Caffe's second top)."""
    xp = array_module(index)
    (p, q), (s, t), (_, kw) = window.pad, window.stride, window.kernel
    rows = xp.arange(index.shape[2])[:, None] * s - p + index // kw
    columns = xp.arange(index.shape[3]) * t - q + index % kw
    return rows * size[1] + columns


def ave_forward(x, window, y):
    """Write the mean of each window to ``y``; padding counts as zeros."""
    y[...] = 0
    for _, seen, source in shifts(x.shape[2:], y.shape[2:], window):
        y[:, :, *seen] += x[:, :, *source]
    y /= _areas(x, window, y.shape[2:])


def ave_backward(dy, window, dx):
    """Overwrite ``dx``: each input of a window gets an equal share of its output's gradient."""
    dx[...] = 0
    share = dy / _areas(dx, window, dy.shape[2:])
    for _, seen, source in shifts(dx.shape[2:], dy.shape[2:], window):
        dx[:, :, *source] += share[:, :, *seen]


def _number(place, window):
    return place[0] * window.kernel[1] + place[1]


def _areas(x, window, out):
    """(OH, OW): inputs and padding under each window, without what lies beyond the padding."""
    lengths = []
    for n, o, k, s, p in zip(x.shape[2:], out, window.kernel, window.stride, window.pad, strict=True):
        lengths.append([min(i * s - p + k, n + p) - (i * s - p) for i in range(o)])
    areas = [a * b for a, b in itertools.product(*lengths)]
    return array_module(x).array(areas, x.dtype).reshape(out)
