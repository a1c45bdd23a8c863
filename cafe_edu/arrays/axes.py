"""Axes of a shape: counted from the end if negative, checked before use."""

import math

from cafe_edu.errors import ShapeError


def canonical(axis, shape):
    """Return ``axis`` as a number from 0; negative counts from the end.

    Raises
    ------
    ShapeError
        If ``shape`` has no such axis.

    Examples
    --------
    >>> canonical(-1, (2, 3, 4))
    2
    """
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"expected an axis within {tuple(shape)}, found axis: {axis}")
    return axis % len(shape)


def around(axis, shape):
    """Return how many numbers the axes before ``axis``, the axis itself, and those behind it have.

    Examples
    --------
    >>> around(1, (2, 3, 4, 5))
    (2, 3, 20)
    """
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
