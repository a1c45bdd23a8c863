r"""Folding: BatchNorm and Scale, once trained, are part of the weights before them.

After training a BatchNorm multiplies each channel by a number and adds one; so do Scale and Bias. And so

.. math:: a_o (W_o * x + b_o) + c_o = (a_o W_o) * x + (a_o b_o + c_o)

is a convolution again, with other weights. BatchNorm has :math:`a = 1/\sqrt{\sigma^2 + \epsilon}` and
:math:`c = -a \mu`. The folded net says what the net said, but for the rounding of float32, and has fewer layers.

References
----------
Jacob et al. 2018. Lesson: day 15.
"""

import collections

import numpy as np

from cafe_edu.arrays.axes import canonical
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError
from cafe_edu.net import Net
from cafe_edu.proto import caffe_pb2
from cafe_edu.quantize.surgery import reader, swallow

KINDS = {"Convolution": "convolution_param", "InnerProduct": "inner_product_param"}


def fold(net, layers=None):
    """Return a net that says the same, with no BatchNorm, Scale or Bias right behind weights.

    Folded are those that read nothing but the top of a Convolution or InnerProduct, which nothing else reads. Weights
    that layers share are left as they are, and so is what stands behind them.

    Parameters
    ----------
    net : Net
        In the TEST phase, where a BatchNorm goes by the statistics it has.
    layers : dict, optional
        Type name -> class, as for ``Net``, if the net has layers of your own.

    Returns
    -------
    folded : Net
        With parameters of its own.
    into : dict of layer name -> list of str
        For each layer that took others in, their names.
    """
    if net.phase != "TEST":
        raise NetError(f"expected a net of phase 'TEST', found {net.phase!r}: build it with Net(spec, 'TEST', weights)")
    spec, steps, into = caffe_pb2.NetParameter(), [*net.steps], {}
    spec.CopyFrom(net.spec)
    params = {name: [to_numpy(blob.data) for blob in blobs] for name, blobs in net.params.items()}
    shared = collections.Counter(param.name for layer in spec.layer for param in layer.param if param.name)
    for i, step in enumerate(steps):  # the list gets shorter behind i on the way
        layer = step.layer
        foreign = layer.type not in KINDS or layer.type in (layers or ())
        if foreign or channel_axis(step) != 1 or any(shared[param.name] > 1 for param in layer.spec.param):
            continue
        while (j := reader(spec.layer, i)) is not None and (found := _affine(steps[j], layers or ())) is not None:
            params[layer.name] = _times(layer, params[layer.name], *found)
            getattr(spec.layer[i], KINDS[layer.type]).bias_term = True
            name = steps.pop(j).layer.name
            swallow(spec.layer, i, j)
            params.pop(name)
            into.setdefault(layer.name, []).append(name)
    return build(spec, net, params, layers), into


def build(spec, like, params, layers=None):
    """Return a Net beside another: on its device, in its folder, with these parameters (layer name -> arrays)."""
    device = "cpu" if like.xp is np else "gpu"
    new = Net(spec, like.phase, layers=layers, device=device, dtype=like.dtype, folder=like.folder)
    for name, arrays in params.items():
        for blob, array in zip(new.params[name], arrays, strict=True):
            blob.data = array
    return new


def channel_axis(step):
    """Return which axis of the top counts a Convolution's or InnerProduct's outputs."""
    layer = step.layer
    return layer.axis if layer.type == "Convolution" else canonical(layer.options.axis, step.bottom[0].shape)


def _affine(step, replaced):
    """Return a and c (C,) of a layer that says a x + c of each channel of axis 1; None of any other."""
    layer, x = step.layer, step.bottom[0].shape
    if layer.type in replaced or layer.type not in ("BatchNorm", "Scale", "Bias") or len(x) < 2:
        return None
    params = [to_numpy(blob.data).astype(np.float64) for blob in layer.params]
    if layer.type == "BatchNorm":
        if not layer.gathered:
            return None
        M, V, k = params
        k = 1 / k if k else 0  # as in the layer: before any training mean and variance are 0
        a = 1 / np.sqrt(V * k + layer.options.eps)
        return a, -a * M * k
    if canonical(layer.options.axis, x) != 1 or params[0].shape != (x[1],):
        return None
    if layer.type == "Bias":
        return np.ones(x[1]), params[0]
    return params[0], params[1] if len(params) > 1 else np.zeros(x[1])


def _times(layer, params, a, c):
    """Return the weight and bias of the layer with ``a`` and ``c`` behind it."""
    W, b = params[0], params[1] if len(params) > 1 else 0
    transposed = layer.type == "InnerProduct" and layer.options.transpose
    along = a if transposed else a.reshape(-1, *[1] * (W.ndim - 1))
    return [(along * W).astype(W.dtype), (a * b + c).astype(W.dtype)]
