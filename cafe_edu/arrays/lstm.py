r"""One step of an LSTM: what the gates do to the cell.

.. math:: c' = k\, \sigma(f)\, c + \sigma(i) \tanh(g), \qquad h' = \sigma(o) \tanh(c')

a holds the four gates' inputs side by side, in Caffe's order i, f, o, g. k is the cont: where it is 0 a new sequence
begins and the old cell is forgotten.

Shapes: c (N, H), a (N, 4H), k (N,).
"""

from cafe_edu.arrays.sigmoid import sigmoid
from cafe_edu.device import array_module


def gates_of(a):
    """Return the gates i, f, o (0 to 1) and g (-1 to 1), each (N, H)."""
    xp = array_module(a)
    i, f, o, g = xp.split(a, 4, axis=1)
    return sigmoid(i), sigmoid(f), sigmoid(o), xp.tanh(g)


def lstm_step(c, a, k):
    """Return c' and h', each (N, H)."""
    i, f, o, g = gates_of(a)
    new = f * (k[:, None] * c) + i * g
    return new, o * array_module(a).tanh(new)


def lstm_step_backward(c, a, k, new, dnew, dh):
    r"""Return dc and da, given c', dc' and dh'.

    .. math:: dc' \mathrel{+}= dh'\, o\, (1 - \tanh^2 c'), \qquad dc = k\, \sigma(f)\, dc'
    """
    xp = array_module(a)
    i, f, o, g = gates_of(a)
    k = k[:, None]
    t = xp.tanh(new)
    dnew = dnew + dh * o * (1 - t * t)
    da = [dnew * g * i * (1 - i), dnew * k * c * f * (1 - f), dh * t * o * (1 - o), dnew * i * (1 - g * g)]
    return dnew * k * f, xp.concatenate(da, axis=1)
