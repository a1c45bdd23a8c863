r"""Debug info: how large the numbers of each layer are, in the lines that Caffe logs for ``debug_info: true``.

What stands behind ``data:`` and ``diff:`` is the mean size of the numbers, :math:`\tfrac{1}{n} \sum |x|`. A net that
does not learn shows here where its numbers vanish, explode or turn into nan.

References
----------
Caffe: ``Net::ForwardDebugInfo`` and its sisters in ``src/caffe/net.cpp``. Lesson: day 13.
"""

import logging
import math

import numpy as np

from cafe_edu.device import to_numpy

log = logging.getLogger("cafe_edu")


def forward(step):
    """Log the data of a layer's tops and parameters, after it ran forward."""
    for blob in step.top:
        _log("Forward", step.layer, f"top blob {blob.name}", f"data: {_size(blob.data):g}")
    for name, blob in _params(step.layer):
        _log("Forward", step.layer, f"param blob {name}", f"data: {_size(blob.data):g}")


def backward(step):
    """Log the gradients of a layer's bottoms and parameters, after it ran backward."""
    for blob, wanted in zip(step.bottom, step.propagate_down, strict=True):
        if wanted:
            _log("Backward", step.layer, f"bottom blob {blob.name}", f"diff: {_size(blob.diff):g}")
    for name, blob in _params(step.layer):
        if all(blob is not frozen for frozen in step.frozen):
            _log("Backward", step.layer, f"param blob {name}", f"diff: {_size(blob.diff):g}")


def whole(learnable):
    """Log the norms of all parameters and all gradients, after the whole way back; at level E, as Caffe does."""
    data = [param.blob.data for param in learnable]
    diff = [param.blob.diff for param in learnable]
    log.error(
        "    [Backward] All net params (data, diff): L1 norm = (%g, %g); L2 norm = (%g, %g)",
        *(sum(_sum(np.abs, x) for x in arrays) for arrays in (data, diff)),
        *(math.sqrt(sum(_sum(np.square, x) for x in arrays)) for arrays in (data, diff)),
    )


def update(param, u):
    """Log a parameter and the update u that is about to be taken from it."""
    sizes = f"data: {_size(param.blob.data):g}; diff: {_size(u):g}"
    log.info("    [Update] Layer %s, param %s %s", param.layer, param.name or param.index, sizes)


def _log(way, layer, what, size):
    log.info("    [%s] Layer %s, %s %s", way, layer.name, what, size)


def _params(layer):
    """Name, or else number, and blob of each parameter."""
    for i, blob in enumerate(layer.params):
        yield (layer.spec.param[i].name if i < len(layer.spec.param) else "") or str(i), blob


def _size(x):
    return _sum(np.abs, x) / x.size if x.size else math.nan


def _sum(function, x):
    return float(function(to_numpy(x).astype(np.float64)).sum())
