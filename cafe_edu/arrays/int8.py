r"""Sums of products of 8-bit numbers, exact, on machines whose fast products are of floats.

A number x is written as a whole number of steps, between -127 and 127:

.. math:: \hat x = \mathrm{clip}(\mathrm{round}(x / s), -127, 127), \qquad x \approx s\, \hat x

(-128 is left out, so that a number and its negative are written alike.) A chip multiplies two such numbers and adds
the products up in 32 bits. numpy has no fast product of int8 matrices: its own loop for whole numbers takes about a
hundred times as long as BLAS does for floats, plain loops compiled by numba nearly two times. So BLAS does it, on
floats that hold whole numbers. **It rounds nowhere**, as long as no sum is longer than ``TERMS``:

1. A float32 holds every whole number up to :math:`2^{24}` in size.
2. A product of two 8-bit numbers is at most :math:`127^2 = 16129` in size.
3. So is every sum of n of them at most :math:`16129\, n`, whichever they are and in whatever order they are added:
   for :math:`n \le 1040 = \lfloor 2^{24} / 127^2 \rfloor` each sum on the way is a whole number that float32 holds,
   and adding without rounding is what IEEE 754 asks of a result that can be held.

Longer sums are cut into slices of at most ``TERMS`` products; what each slice gives is added up in int32. There

.. math:: \Big| \hat b + \sum_{k \le K} \hat w_k \hat x_k \Big| \le 2^{30} + 127^2 K \le 2^{31} - 1
    \quad\text{for}\quad K \le 66572,\; |\hat b| \le 2^{30}

so nothing overflows either; ``refusal`` says of which layers this would not hold.

References
----------
Jacob et al. 2018 (integer arithmetic for inference); IEEE 754. Lesson: day 15.
"""

import math

from cafe_edu.arrays.convolution import conv_forward
from cafe_edu.arrays.scratch import scratch
from cafe_edu.device import array_module
from cafe_edu.errors import DataError

MOST = 127  #: the largest 8-bit number in use
TERMS = 2**24 // MOST**2  #: products that float32 adds up exactly: 1040
BIAS = 2**30  #: the largest bias
LONGEST = (2**31 - 1 - BIAS) // MOST**2  #: products that, with a bias, int32 adds up without overflow: 66572


def refusal(terms, places=1):
    """Say why sums of so many products, ``places`` of them per channel, are not computed here; "" if they are.

    Examples
    --------
    >>> refusal(800, places=25)
    ''
    >>> refusal(100_000)
    'a sum of 100000 products may not fit in 32 bits; expected at most 66572'
    """
    if terms > LONGEST:
        return f"a sum of {terms} products may not fit in 32 bits; expected at most {LONGEST}"
    if places > TERMS:
        return f"a kernel of {places} places is not exact in one slice; expected at most {TERMS}"
    return ""


def to_int8(x, scale):
    """Return x in steps of ``scale``: whole numbers of -127 to 127, in the float type of x.

    What lies outside becomes -127 or 127. The array is borrowed work space, good until the next call.

    Raises
    ------
    DataError
        If x holds NaN, for which 8 bits have no number.

    Examples
    --------
    >>> import numpy as np
    >>> to_int8(np.array([0.24, 0.26, -63.5, 1000]), np.array(0.5))
    array([   0.,    1., -127.,  127.])
    """
    xp = array_module(x)
    if xp.isnan(x).any():
        raise DataError("expected numbers, found NaN, which 8 bits cannot say; look for it in the layers before")
    q = scratch("int8", x.shape, x)
    xp.clip(x, -MOST * scale, MOST * scale, out=q)  # first, so that the division cannot overflow
    xp.divide(q, scale, out=q)
    return xp.rint(q, out=q)


def matmul_int8(x, W, b, y):
    r"""Return :math:`x W^\top + b` as int32.

    Shapes: x (M, K), whole numbers in floats; W (N, K) int8; b (N,) int32; y (M, N), floats to work in. The result is
    borrowed work space.
    """
    xp, sums = array_module(x), scratch("int32", y.shape, b)
    sums[...] = b
    for part in _slices(W.shape[1], TERMS):
        xp.matmul(x[:, part], W[:, part].astype(x.dtype).T, out=y)
        sums += y.astype(sums.dtype)
    return sums


def conv_int8(x, W, b, window, group, y):
    """Return the convolution ``W * x + b`` as int32.

    A slice is of channels: of ``TERMS // places`` in each group, where places is the size of the kernel.

    Shapes: x (N, C, size...), whole numbers in floats; W (O, C/G, kernel...) int8; b (O,) int32; y (N, O, out...),
    floats to work in. The result is borrowed work space.
    """
    sums = scratch("int32", y.shape, b)
    sums[...] = b.reshape(-1, *[1] * (y.ndim - 2))
    grouped = x.reshape(len(x), group, W.shape[1], *x.shape[2:])
    for part in _slices(W.shape[1], TERMS // math.prod(W.shape[2:])):
        weights = W[:, part].astype(x.dtype)
        channels = grouped[:, :, part].reshape(len(x), group * weights.shape[1], *x.shape[2:])
        conv_forward(channels, weights, None, window, group, y)
        sums += y.astype(sums.dtype)
    return sums


def to_float(sums, scale, relu, y):
    r"""Write :math:`y = \mathrm{scale} \cdot \mathrm{sums}`; with ``relu``, sums below 0 are 0 first.

    A scale is not negative, so cutting off the sums cuts off the same numbers as cutting off y.
    """
    if relu:
        array_module(sums).maximum(sums, 0, out=sums)
    y[...] = sums
    y *= scale


def _slices(count, most):
    return [slice(first, first + most) for first in range(0, count, most)]
