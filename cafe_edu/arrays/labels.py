"""Labels: which class each item belongs to, checked before they are used as indices."""

import math

from cafe_edu.arrays.axes import around, canonical
from cafe_edu.device import array_module
from cafe_edu.errors import DataError, ShapeError


def check_shape(scores, labels, axis):
    """Check that there is one label for each score vector.

    Parameters
    ----------
    scores : shape (outer..., classes, inner...)
    labels : shape, any with outer x inner numbers
    axis : int
        The axis of the classes; negative counts from the end.

    Raises
    ------
    ShapeError
        If there are more labels or fewer, no such axis, or no class on it.
    """
    axis = canonical(axis, scores)
    outer, classes, inner = around(axis, scores)
    expected = outer * inner
    if classes == 0:
        raise ShapeError(f"expected at least 1 class on axis {axis}, found scores {scores}")
    if math.prod(labels) != expected:
        raise ShapeError(
            f"expected one label for each of {expected} score vectors "
            f"(scores {scores}, classes on axis {axis}), found {labels}"
        )


def flatten(scores, labels, axis, ignore_label=None):
    """Return scores as (outer, classes, inner), labels as integers (outer, inner) and which of them count.

    Raises
    ------
    DataError
        If a label is not a whole number of 0 .. classes - 1 (``ignore_label`` excepted).
    """
    xp, shape = array_module(scores), scores.shape
    outer, classes, inner = around(canonical(axis, shape), shape)
    scores = scores.reshape(outer, classes, inner)
    label = labels.reshape(scores.shape[0], scores.shape[2])
    counts = xp.ones(label.shape, bool) if ignore_label is None else label != ignore_label
    right = (label >= 0) & (label < classes) & (label == xp.floor(label))  # NaN is none of these
    wrong = counts & ~right
    if wrong.any():
        item = int(xp.argmax(wrong.any(axis=1)))
        value = float(label[item][wrong[item]][0])
        raise DataError(
            f"label {value:.10g} of item {item} is out of range: "
            f"expected a whole number from 0 to {classes - 1} for {classes} classes"
        )
    return scores, xp.where(counts, label, 0).astype(xp.int64), counts
