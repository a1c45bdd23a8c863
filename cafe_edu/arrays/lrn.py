r"""Local response normalization: each number against the squares of its neighbours.

.. math:: s = k + \frac{\alpha}{A} \sum_{j} x_j^2, \qquad y = x\, s^{-\beta}

j runs over the A neighbours: ``size`` places along each of ``axes``, centred, with zeros beyond the edge.

References
----------
Krizhevsky, Sutskever, Hinton 2012; Caffe: ``src/caffe/layers/lrn_layer.cpp``. Lesson: day 11.
"""

from cafe_edu.arrays.scratch import scratch
from cafe_edu.device import array_module


def window_sum(x, size, axes, out):
    """Overwrite ``out`` with the sum of ``size`` neighbours (odd) along each of ``axes``, and return it.

    It is ``size`` whole-array additions per axis: a running total would add less and round more.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2, 3, 4])
    >>> window_sum(x, 3, (0,), np.empty(4))
    array([3., 6., 9., 7.])
    """
    out[...] = x
    for axis in axes:
        line = scratch("line", out.shape, out)
        line[...] = out
        n, before = out.shape[axis], (slice(None),) * axis
        for step in range(1, min(size // 2, n - 1) + 1):
            first, last = (*before, slice(0, n - step)), (*before, slice(step, n))
            out[first] += line[last]
            out[last] += line[first]
    return out


def lrn_forward(x, size, axes, alpha, beta, k, y):
    r"""Write ``y``; return ``s`` and :math:`s^{-\beta}`, which the way back needs."""
    xp = array_module(x)
    square = xp.multiply(x, x, out=scratch("square", x.shape, x))
    s = window_sum(square, size, axes, xp.empty_like(x))
    s *= alpha / size ** len(axes)
    s += k
    factor = xp.power(s, -beta)
    xp.multiply(x, factor, out=y)
    return s, factor


def lrn_backward(x, dy, kept, size, axes, alpha, beta, dx):
    r"""Overwrite ``dx``.

    .. math:: dx_i = s_i^{-\beta} dy_i - \frac{2 \alpha \beta}{A}\, x_i
              \sum_j dy_j\, x_j\, s_j^{-\beta - 1}

    ``kept`` is what ``lrn_forward`` returned; j runs over the same neighbours, because i is a neighbour of
    j where j is one of i.
    """
    xp, (s, factor) = array_module(x), kept
    product = xp.multiply(dy, factor, out=scratch("product", x.shape, x))
    share = xp.multiply(product, x, out=scratch("square", x.shape, x))
    share /= s
    window_sum(share, size, axes, dx)
    dx *= x
    dx *= -2 * alpha * beta / size ** len(axes)
    dx += product
