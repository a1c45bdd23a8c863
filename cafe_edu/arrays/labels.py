"""Labels: which class each item belongs to, checked before they are used as indices."""

import math

from cafe_edu.device import array_module
from cafe_edu.errors import DataError, ShapeError


def check_shape(scores, labels, axis):
    """Return ``axis`` counted from the front; raise ``ShapeError`` unless there is one label per score vector.

    ``scores`` and ``labels`` are shapes: (outer..., classes, inner...) and any with outer x inner numbers.
    """
    if not -len(scores) <= axis < len(scores):
        raise ShapeError(f"expected an axis within the scores' shape {scores}, found axis: {axis}")
    axis %= len(scores)
    expected = math.prod(scores[:axis]) * math.prod(scores[axis + 1 :])
    if math.prod(labels) != expected:
        raise ShapeError(
            f"expected one label for each of {expected} score vectors (scores {scores}, classes on axis {axis}), found {labels}"
        )
    return axis


def flatten(scores, labels, axis, ignore_label=None):
    """Return scores as (outer, classes, inner), labels as integers (outer, inner) and which of them count.

    Raises
    ------
    DataError
        If a label is not one of 0 .. classes - 1 (``ignore_label`` excepted).
    """
    xp = array_module(scores)
    shape = scores.shape
    scores = scores.reshape(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
    label = labels.reshape(scores.shape[0], scores.shape[2]).astype(xp.int64)
    counts = xp.ones(label.shape, bool) if ignore_label is None else label != ignore_label
    wrong = counts & ((label < 0) | (label >= shape[axis]))
    if wrong.any():
        item = int(xp.argmax(wrong.any(axis=1)))
        value = int(label[item][wrong[item]][0])
        raise DataError(f"label {value} of item {item} is out of range: expected 0 to {shape[axis] - 1} for {shape[axis]} classes")
    return scores, xp.where(counts, label, 0), counts
