"""Scratch: work space that is used again.

A large array made anew at every step costs more in fresh pages from the operating system than the
arithmetic done in it. So the big temporary arrays of a step are borrowed here, by role, and written over
by the next borrower.
"""

import math
import threading

import numpy as np

from cafe_edu.device import array_module

_HERE = threading.local()


def scratch(role, shape, like):
    """Return an array of ``shape`` with unknown contents, of the type and place of ``like``.

    It is good until the same thread asks for the same role again.

    Examples
    --------
    >>> import numpy as np
    >>> a = scratch("demo", (2, 3), np.zeros(1, np.float32))
    >>> b = scratch("demo", (3, 1), np.zeros(1, np.float32))
    >>> a.dtype, b.shape, np.shares_memory(a, b)
    (dtype('float32'), (3, 1), True)
    """
    xp, count = array_module(like), math.prod(shape)
    pool = _HERE.__dict__.setdefault("pool", {})
    key = role, xp.__name__, like.dtype.str
    if key not in pool or pool[key].size < count:
        pool[key] = xp.empty(count, like.dtype)
    return pool[key][:count].reshape(shape)


def again(array, like, dtype=None):
    """Return an array for what a layer keeps until the way back: its last one, if that still fits, else a new one.

    Examples
    --------
    >>> import numpy as np
    >>> first = again(None, np.zeros((2, 3)))
    >>> again(first, np.ones((2, 3))) is first, again(first, np.ones((4, 3)), bool).dtype
    (True, dtype('bool'))
    """
    dtype = np.dtype(dtype or like.dtype)
    if array is not None and array.shape == like.shape and array.dtype == dtype:
        return array
    return array_module(like).empty(like.shape, dtype)
