"""Convolution and pooling by plain loops: slow, obvious, and the judge of the fast ones.

One output number at a time, straight from the definition. A learner reads these first; the tests compare
``arrays/convolution.py`` and ``arrays/pooling.py`` with them. Lesson: day 11.
"""

import itertools

import numpy as np


def conv_loops(x, W, b, window, group=1):
    r"""Return y: each output is a window times a kernel, summed.

    .. math:: y_{n,o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}\; x_{n,\,c,\,is + ud - p,\,js + vd - p}

    Shapes: x (N, C, size...), W (O, C/group, kernel...), b (O,) or None, y (N, O, out...).
    """
    N, O, C = x.shape[0], W.shape[0], W.shape[1]
    size = x.shape[2:]
    out = window.conv_size(size)
    y = np.zeros((N, O, *out), x.dtype)
    for n, o, at in itertools.product(range(N), range(O), np.ndindex(*out)):
        first_channel = o // (O // group) * C
        for c, place in itertools.product(range(C), np.ndindex(*window.kernel)):
            where = _input_under(at, place, window)
            if all(0 <= i < limit for i, limit in zip(where, size, strict=True)):
                y[n, o, *at] += W[o, c, *place] * x[n, first_channel + c, *where]
        if b is not None:
            y[n, o, *at] += b[o]
    return y


def pool_loops(x, window, out, kind):
    """Return y (N, C, out...): for each window its largest input ("MAX") or its mean ("AVE")."""
    size = x.shape[2:]
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    for n, c, at in itertools.product(range(x.shape[0]), range(x.shape[1]), np.ndindex(*out)):
        values, area = [], 0
        for place in np.ndindex(*window.kernel):
            where = _input_under(at, place, window)
            if all(0 <= i < limit for i, limit in zip(where, size, strict=True)):
                values.append(x[n, c, *where])
            area += all(i < limit + p for i, limit, p in zip(where, size, window.pad, strict=True))
        y[n, c, *at] = max(values) if kind == "MAX" else sum(values) / area
    return y


def _input_under(at, place, window):
    axes = zip(at, place, window.stride, window.pad, window.dilation, strict=True)
    return tuple(i * s + u * d - p for i, u, s, p, d in axes)
