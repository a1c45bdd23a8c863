"""Batches: any number of items through a net, as many at a time as its batch holds."""

import itertools

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError


def forward_all(net, blobs=None, **inputs):
    """Run any number of items forward.

    The last batch is filled up with zeros; what they give is dropped.

    Returns
    -------
    dict of name -> array
        Outputs and ``blobs``, an entry for each item; of a blob without axes, such as a loss, one for each batch.
    """
    count, batches = _count(inputs), _batches(net, inputs)
    found = [_copies(net.forward(blobs, **batch)) for batch in batches]
    return _joined(found, count) or {name: _none(net.blobs[name]) for name in (*net.outputs, *(blobs or ()))}


def forward_backward_all(net, blobs=None, diffs=None, **arrays):
    """Run any number of items forward and back; ``arrays`` are inputs, and diffs of outputs.

    Returns
    -------
    (dict of name -> array, dict of name -> array)
        As of `forward_all`, and the diffs of the inputs and of ``diffs``.
    """
    count = _count(arrays)
    forwards = _batches(net, {name: arrays[name] for name in net.inputs if name in arrays})
    backwards = _batches(net, {name: arrays[name] for name in net.outputs if name in arrays})
    found, slopes = [], []
    for inputs, tops in itertools.zip_longest(forwards, backwards, fillvalue={}):
        found.append(_copies(net.forward(blobs, **inputs)))
        slopes.append(_copies(net.backward(diffs, **tops)))
    return _joined(found, count), _joined(slopes, count)


def _count(arrays):
    """How many items there are, the same in every array."""
    counts = {name: len(values) for name, values in arrays.items()}
    if len({*counts.values()}) != 1:
        raise NetError(f"expected arrays of as many items each, found {counts or 'no array'}")
    return next(iter(counts.values()))


def _batches(net, arrays):
    """Yield name -> batch of each array, the last filled up with zeros."""
    if not arrays:
        return
    size = net.blobs[next(iter(net.inputs or arrays))].shape[0]
    for first in range(0, _count(arrays), size):
        batch = {name: np.asarray(values[first : first + size]) for name, values in arrays.items()}
        yield {name: np.concatenate([x, np.zeros((size - len(x), *x.shape[1:]), x.dtype)]) for name, x in batch.items()}


def _copies(arrays):
    return {name: to_numpy(values).copy() for name, values in arrays.items()}


def _none(blob):
    """The entries of no items."""
    return np.zeros((0, *blob.shape[1:]), blob.dtype)


def _joined(batches, count):
    """The items of all batches behind each other, without those of the filling."""
    names = batches[0] if batches else ()
    return {name: np.concatenate([np.atleast_1d(batch[name]) for batch in batches])[:count] for name in names}
