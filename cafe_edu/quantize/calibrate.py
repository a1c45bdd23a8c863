"""Calibration: run a net on some batches and look how large the numbers are that its weights meet."""

import numbers

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError, noting
from cafe_edu.quantize.fold import KINDS
from cafe_edu.quantize.ranges import Ranges


def calibrate(net, batches):
    """Return what was seen at the bottom of each Convolution and InnerProduct.

    Parameters
    ----------
    net : Net
    batches : see `each_batch`

    Returns
    -------
    dict of layer name -> Ranges
        Of a convolution with groups, one range for each group.
    """
    seen = {step.layer.name: Ranges(_groups(step.layer)) for step in net.steps if step.layer.type in KINDS}
    for number, inputs in enumerate(each_batch(net, batches)):
        net.forward(end=net.layers[0].name, **inputs)
        for i, step in enumerate(net.steps):
            if step.layer.type in KINDS:  # now, because a layer in place may overwrite what this one reads
                with noting(f"in what layer {step.layer.name!r} reads, in batch {number}"):
                    for blob in step.bottom:
                        seen[step.layer.name].see(_by_group(step.layer, to_numpy(blob.data)))
            if i > 0:
                net.forward_step(i)
    for name, ranges in seen.items():
        if not ranges.numbers:
            raise DataError(f"expected batches with numbers to calibrate on, layer {name!r} saw none")
    return seen


def each_batch(net, batches):
    """Yield the inputs of each batch, as keywords of ``net.forward``.

    Parameters
    ----------
    net : Net
    batches : sequence of dict of input name -> array, sequence of arrays, or int
        Arrays are for the only input of a net that has one; a number is for nets with data layers of their own.

    Raises
    ------
    DataError
        If there is no batch, or a number for a net that wants arrays.
    """
    if isinstance(batches, numbers.Integral):
        if net.inputs:
            raise DataError(
                f"expected batches of arrays for {', '.join(net.inputs)}, found the number {batches}, "
                f"which is for nets that read data by themselves"
            )
        batches = [{}] * batches
    some = False
    for batch in batches:
        if not isinstance(batch, dict):
            if len(net.inputs) != 1:
                names = ", ".join(net.inputs) or "none"
                raise DataError(f"expected dicts of input name -> array for the inputs {names}, found {type(batch)}")
            batch = {net.inputs[0]: batch}
        yield batch
        some = True
    if not some:
        raise DataError("expected at least 1 batch, found none: some are needed to see how large the numbers are")


def _groups(layer):
    return layer.options.group if layer.type == "Convolution" else 1


def _by_group(layer, x):
    """What the groups of a layer read, (G, n)."""
    if layer.type != "Convolution":
        return x.reshape(1, -1)
    G, channels = layer.options.group, x.shape[layer.axis]
    before = x.shape[: layer.axis]
    grouped = x.reshape(*before, G, channels // G, *x.shape[layer.axis + 1 :])
    return np.moveaxis(grouped, layer.axis, 0).reshape(G, x.size // G)
