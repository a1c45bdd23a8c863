"""Indices that arrive as floats in a blob, checked before they are used."""

from cafe_edu.device import array_module
from cafe_edu.errors import DataError


def as_indices(values, count, what):
    """Return ``values`` as integers.

    Parameters
    ----------
    values : array of any shape
    count : int
        How many there are to choose from.
    what : str
        What they choose, for the error: "item", "row".

    Raises
    ------
    DataError
        If one is not a whole number of 0 .. count - 1. (Real Caffe reads beyond its memory there.)

    Examples
    --------
    >>> import numpy as np
    >>> as_indices(np.float32([2, 0]), 3, "item")
    array([2, 0])
    """
    xp = array_module(values)
    right = (values >= 0) & (values < count) & (values == xp.floor(values))  # NaN is none of these
    if not right.all():
        place = int(xp.argmin(right.reshape(-1)))
        raise DataError(
            f"index {float(values.reshape(-1)[place]):.10g} at place {place} is out of range: "
            f"expected a whole number from 0 to {count - 1} for {count} {what}s"
        )
    return values.astype(xp.int64)


def add_rows(sums, index, rows):
    """Add ``rows[i]`` to ``sums[index[i]]``; an index may come more than once.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.zeros(2)
    >>> add_rows(sums, np.array([1, 0, 1]), np.array([1.0, 2, 4]))
    >>> sums
    array([2., 5.])
    """
    array_module(sums).add.at(sums, index, rows)
