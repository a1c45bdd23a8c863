"""Score: the mean of what a TEST net says over many batches."""

import logging

from cafe_edu.device import to_numpy

log = logging.getLogger("cafe_edu")


def score(net, iterations, each=None, stop=None):
    """Run a net forward and average its outputs.

    Parameters
    ----------
    net : Net
        With data layers of its own.
    iterations : int
        Batches to run.
    each : function (number, outputs), optional
        Called after each batch.
    stop : function, optional
        Asked before each batch; where it says True, nothing more is run.

    Returns
    -------
    means : dict of output name -> array
    loss : float
        Mean of the net's weighted loss.
    """
    means, loss = {}, 0.0
    for number in range(iterations):
        if stop is not None and stop():
            break
        outputs = net.forward()
        if each is not None:
            each(number, outputs)
        for name, values in outputs.items():
            means[name] = means.get(name, 0) + values / iterations
        loss += net.loss / iterations
    return means, loss


def read_outputs(net):
    """Return the net's outputs of its last forward: dict of name -> array."""
    return {name: to_numpy(net.blobs[name].data).copy() for name in net.outputs}


def log_outputs(net, outputs, what=None):
    """Log each number of each output, with its share in the loss where it has one, as Caffe does."""
    weights = {blob.name: w for step in net.steps for blob, w in zip(step.top, step.loss_weights, strict=True)}
    number = 0
    for name, values in outputs.items():
        for value in values.ravel():
            weight = weights.get(name, 0)
            loss = f" (* {weight:g} = {weight * value:g} loss)" if weight else ""
            head = "" if what is None else f"{what}#{number}: "
            log.info("%s%s = %g%s", head, name, value, loss)
            number += 1
