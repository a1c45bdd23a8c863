"""Sigmoid: any number made into one between 0 and 1."""

from cafe_edu.device import array_module


def sigmoid(x, out=None):
    r"""Return :math:`\sigma(x) = 1 / (1 + e^{-x})`, computed as :math:`\tfrac12 \tanh(\tfrac12 x) + \tfrac12`.

    Both are the same function; the second, Caffe's, never makes an :math:`e^{-x}` too large to hold.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    xp = array_module(x)
    p = xp.empty_like(x) if out is None else out
    xp.multiply(x, 0.5, out=p)
    xp.tanh(p, out=p)
    p *= 0.5
    p += 0.5
    return p
