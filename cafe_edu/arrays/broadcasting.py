"""Broadcasting from an axis: a small array meets each place of a large one.

numpy lines shapes up at their last axes; Caffe's Scale and Bias line the small one's first axis up with
an axis of their choice. A (C,) from axis 1 of (N, C, H, W) is one number for each channel.
"""

import math

from cafe_edu.errors import ShapeError


def span(x, axis, num_axes):
    """Return the shape of ``num_axes`` axes of ``x`` from ``axis`` on; -1: all from there, 0: one number.

    Raises
    ------
    ShapeError
        If ``x`` has no such axis, or not so many.

    Examples
    --------
    >>> span((2, 3, 4, 5), axis=1, num_axes=1)
    (3,)
    >>> span((2, 3, 4, 5), axis=-2, num_axes=-1)
    (4, 5)
    """
    if num_axes == 0:
        return ()
    if not -len(x) <= axis < len(x):
        raise ShapeError(f"expected an axis within {x}, found axis: {axis}")
    axis %= len(x)
    if num_axes < -1 or axis + num_axes > len(x):
        raise ShapeError(f"expected num_axes from -1 to {len(x) - axis} (axis {axis} of {x}), found {num_axes}")
    return x[axis:] if num_axes == -1 else x[axis : axis + num_axes]


def check(x, small, axis):
    """Raise ``ShapeError`` unless ``small`` is what stands in ``x`` from ``axis`` on."""
    expected = span(x, axis, -1)[: len(small)] if small else ()
    if expected != small:
        raise ShapeError(f"expected the shape {expected} that stands in {x} from axis {axis} on, found {small}")


def by_channel(x, small, axis):
    """See ``x`` as (N, C, P), where C counts the numbers of an array of shape ``small`` that begins at ``axis``.

    Examples
    --------
    >>> import numpy as np
    >>> by_channel(np.ones((2, 3, 4, 5)), (3,), axis=1).shape
    (2, 3, 20)
    >>> by_channel(np.ones((2, 3, 4, 5)), (), axis=1).shape
    (1, 1, 120)
    """
    first = axis % x.ndim if small else 0
    last = first + len(small)
    return x.reshape(math.prod(x.shape[:first]), math.prod(small), math.prod(x.shape[last:]))
