"""The fast engine for a CPU, second part: BatchNorm, Scale and LRN by the loops of ``normalization_loops_cpu.py``.

Channels are shared out where sums run over the items, so every sum is added up by one thread, in one order.
Arrays are as in ``plain.py``, which computes what has too little in a channel for loops over it.
"""

import numpy as np

from cafe_edu.arrays.scratch import scratch
from cafe_edu.engines import normalization_loops_cpu as loops
from cafe_edu.engines import plain
from cafe_edu.engines.crew import crew
from cafe_edu.engines.plain import *  # noqa: F403 (what stands not below is plain's)

__all__ = plain.__all__

SHORT = 8  #: numbers of a channel in one item below which loops over them do not pay
LITTLE = 2**13  #: numbers below which a work is not shared out


def batch_norm_forward(x, eps, y, kept):
    """Write the normalized x to ``y`` and ``kept``; return mean, variance and deviation of each channel."""
    if x.shape[2] < SHORT:
        return plain.batch_norm_forward(x, eps, y, kept)
    found = [np.empty(x.shape[1], x.dtype) for _ in range(3)]
    _share(loops.batch_norm_forward, x.shape[1], x.size, [x], [x.dtype.type(eps), y, _or_nothing(kept, x), *found])
    return tuple(found)


def normalize(x, mean, std, y, kept):
    """Write (x - mean) / std to ``y`` and ``kept``."""
    if x.shape[2] < SHORT:
        plain.normalize(x, mean, std, y, kept)
    else:
        _share(loops.normalize, x.shape[1], x.size, [x], [mean, std, y, _or_nothing(kept, x)])


def batch_norm_backward(dy, y, std, dx):
    """Overwrite ``dx``."""
    if dy.shape[2] < SHORT:
        plain.batch_norm_backward(dy, y, std, dx)
    else:
        _share(loops.batch_norm_backward, dy.shape[1], dy.size, [dy, y], [std, dx])


def scale_forward(x, s, b, y, kept):
    """Write s x + b to ``y``, and x to ``kept``."""
    if x.shape[2] < SHORT:
        plain.scale_forward(x, s, b, y, kept)
    else:
        s = np.ones_like(b) if s is None else s
        b = np.zeros_like(s) if b is None else b
        _share(loops.scale_forward, len(x), x.size, [x], [s, b, y, _or_nothing(kept, x)])


def scale_backward(dy, x, s, ds, db, dx):
    """Add to ``ds`` and ``db``, overwrite ``dx``."""
    if dy.shape[2] < SHORT:
        plain.scale_backward(dy, x, s, ds, db, dx)
        return
    wanted = [total for total in (ds, db) if total is not None]
    sums = [np.zeros(0 if total is None else dy.shape[1]) for total in (ds, db)]  # in float64
    x, s = dy if ds is None else x, np.empty(dy.shape[1], dy.dtype) if s is None else s
    _share(loops.scale_backward, dy.shape[1], dy.size, [dy, x], [s, *sums, _or_nothing(dx, dy)])
    for total, found in zip(wanted, [one for one in sums if one.size], strict=True):
        total += found


def lrn_forward(x, size, axes, alpha, beta, k, y):
    """Write ``y``; return what the way back needs: s, and None for its power, which the way back makes anew."""
    if axes != (1,) or not x.size:
        return plain.lrn_forward(x, size, axes, alpha, beta, k, y)
    s = np.empty_like(x)
    X, Y, S = (_lines(array) for array in (x, y, s))
    share, beta, k = (x.dtype.type(number) for number in (alpha / size, beta, k))
    _share(loops.lrn_forward, len(x), x.size, [X], [size, share, beta, k, Y, S])
    return s, None


def lrn_backward(x, dy, kept, size, axes, alpha, beta, dx):
    """Overwrite ``dx``."""
    s, factor = kept
    if factor is not None:
        plain.lrn_backward(x, dy, kept, size, axes, alpha, beta, dx)
        return
    X, dY, S, dX = (_lines(array) for array in (x, dy, s, dx))
    pull, beta = x.dtype.type(-2 * alpha * beta / size), x.dtype.type(beta)

    def loop(x, dy, s, first, end, dx):
        loops.lrn_backward(x, dy, s, first, end, size, pull, beta, scratch("share", X.shape[1:], x), dx)

    _share(loop, len(x), x.size, [X, dY, S], [dX])


def _lines(x):
    """Images (N, C, H, W) as (N, C, H W)."""
    return x.reshape(*x.shape[:2], -1)


def _or_nothing(array, like):
    """An array, or for None one without numbers, of as many axes as ``like``."""
    return np.empty((0,) * like.ndim, like.dtype) if array is None else array


def _share(loop, n, numbers, read, rest):
    """Call ``loop(*read, first, end, *rest)`` for parts of range(n); for all at once if there are few numbers."""

    def work(part):
        loop(*read, part.start, part.stop, *rest)

    if numbers < LITTLE:
        work(slice(0, n))
    else:
        crew().share(work, n)
