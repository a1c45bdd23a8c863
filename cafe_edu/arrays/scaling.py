r"""Channels times a number of their own, plus another.

.. math:: y = s_c\, x + b_c, \qquad dx = s_c\, dy, \qquad ds_c = \sum x\, dy, \qquad db_c = \sum dy

x is (N, C, P), s and b are (C,); sums run over all that a channel has.
"""

from cafe_edu.device import array_module


def scale_forward(x, s, b, y, kept):
    """Write ``s x + b`` to ``y``, which may be ``x``, and ``x`` to ``kept``.

    ``s`` may be None, which is 1, ``b`` likewise, which is 0 (but not both); ``kept`` may be None.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.ones((1, 2, 3))
    >>> scale_forward(x, np.array([2.0, 3]), np.array([0, 0.5]), x, None)
    >>> x
    array([[[2. , 2. , 2. ],
            [3.5, 3.5, 3.5]]])
    """
    if kept is not None:
        kept[...] = x
    if s is None:
        array_module(x).add(x, b[:, None], out=y)
        return
    array_module(x).multiply(x, s[:, None], out=y)
    if b is not None:
        y += b[:, None]


def scale_backward(dy, x, s, ds, db, dx):
    """Add to ``ds`` and ``db``, overwrite ``dx``, which may be ``dy``; what is None is not wanted.

    Without ``ds``, ``x`` is not read; without ``dx``, nor is ``s``.
    """
    if db is not None:
        db += dy.sum(axis=(0, 2))
    if ds is not None:
        ds += (x * dy).sum(axis=(0, 2))
    if dx is not None:
        array_module(dy).multiply(dy, s[:, None], out=dx)
