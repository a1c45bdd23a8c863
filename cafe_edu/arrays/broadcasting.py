"""Broadcasting from an axis: a small array meets each place of a large one.

numpy lines shapes up at their last axes; Caffe's Scale and Bias line the small one's first axis up with
an axis of their choice. A (C,) from axis 1 of (N, C, H, W) is one number for each channel.
"""

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


def spread(small, axis, axes):
    """Return ``small`` with axes of length 1 behind it, so that it broadcasts from ``axis`` of ``axes``.

    Examples
    --------
    >>> import numpy as np
    >>> spread(np.ones(3), axis=1, axes=4).shape
    (3, 1, 1)
    """
    return small if small.ndim == 0 else small.reshape(*small.shape, *(1,) * (axes - axis % axes - small.ndim))


def gather(dy, small, axis):
    """Sum ``dy`` over every axis that ``spread`` filled: the gradient of the small array, of shape ``small``."""
    first = axis % dy.ndim if small else 0
    mine = range(first, first + len(small))
    return dy.sum(axis=tuple(i for i in range(dy.ndim) if i not in mine))
