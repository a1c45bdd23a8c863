"""Bottoms of other shapes: a layer computes with them or says, by the house's errors, what it expects."""

import re

import numpy as np

from cafe_edu.errors import CafeError, ShapeError
from cafe_edu.testing.trial import CheckFailed


def changed(x):
    """Yield ``x`` in other shapes, and in words what was changed."""
    yield "with an axis more", x[..., None]
    if x.ndim:
        yield "with an axis less", x[..., 0]
        yield "as a single number", x.reshape(-1)[0]
    for axis, length in enumerate(x.shape):
        yield f"longer on axis {axis}", x.take([*range(length), length - 1], axis)


def emptied(x):
    """Yield ``x`` without numbers, one axis after the other, and in words which."""
    for axis in range(x.ndim):
        yield f"empty on axis {axis}", x.take([], axis)


def check_shapes(build, bottom, gradient, changes=changed):
    """Try a layer on bottoms of other shapes, from the start and between two forwards.

    Parameters
    ----------
    build : function of a list of arrays that returns a Trial
    bottom : list of arrays
        Bottoms that fit; one after the other is changed.
    gradient : bool
        Go back too, where forward comes through?
    changes : function of an array
        ``changed`` or ``emptied``.

    Raises
    ------
    CheckFailed
        If the layer stops with an error that is not the house's, or with a ``ShapeError`` that shows no shape.
    """
    for i, x in enumerate(bottom):
        for change, values in changes(x):
            wrong = [*bottom[:i], values, *bottom[i + 1 :]]
            for when, first in (("from the start", wrong), ("after a forward of others", bottom)):
                where = f"bottoms of shapes {[y.shape for y in wrong]} (bottom {i} {change}), {when}"
                try:
                    _run(build(first), wrong, gradient, again=first is bottom)
                except CafeError as error:
                    _look_for_a_shape(error, where)
                except Exception as error:
                    raise CheckFailed(
                        f"{where}: expected a result, or a ShapeError from `top_shapes` or `setup` that says what "
                        f"was expected and what was found; found {type(error).__name__}: {error}"
                    ) from error


def _run(one, wrong, gradient, again):
    if again:
        one.forward()
        for blob, values in zip(one.bottom, wrong, strict=True):
            blob.reshape(*values.shape)
            blob.data = values
    one.forward()
    if gradient:
        one.backward(*[np.ones(blob.shape) for blob in one.top])


def _look_for_a_shape(error, where):
    shown = re.search(r"\((\d+,)?( ?\d+,?)*\)|single number", str(error))
    if isinstance(error, ShapeError) and not shown:
        raise CheckFailed(f"{where}: expected a ShapeError that shows a shape, found: {error}") from error
