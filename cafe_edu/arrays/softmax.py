"""Softmax: scores made into probabilities."""

from cafe_edu.device import array_module


def softmax(x, axis, out=None):
    r"""Return :math:`p_i = e^{x_i - m} / \sum_j e^{x_j - m}` along ``axis``, m the largest.

    Taking m away changes nothing in the result and keeps :math:`e^x` finite.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([1000.0, 1000.0]), axis=0)
    array([0.5, 0.5])
    """
    xp = array_module(x)
    p = xp.subtract(x, x.max(axis=axis, keepdims=True), out=out)
    xp.exp(p, out=p)
    p /= p.sum(axis=axis, keepdims=True)
    return p


def softmax_backward(p, dp, axis):
    r"""Return :math:`dx_i = p_i (dp_i - \sum_j p_j\, dp_j)`."""
    return p * (dp - (p * dp).sum(axis=axis, keepdims=True))
