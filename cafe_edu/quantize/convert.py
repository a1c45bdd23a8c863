r"""Quantisation: a trained net in 8 bits, from the net and a few batches.

Of a layer with weights W and bias b, whose inputs have steps s (one for each group, ``ranges.py``), output o becomes

.. math::

    t_o = \max\left(\frac{\max |W_o|}{127},\; \frac{|b_o|}{2^{30} s}\right), \qquad
    \hat W_o = \mathrm{round}(W_o / t_o), \qquad \hat b_o = \mathrm{round}\left(\frac{b_o}{s\, t_o}\right)

The second number under the maximum matters only to a bias that is huge beside its weights (all are 0, say): it keeps
:math:`\hat b` in 32 bits.
"""

import numpy as np

from cafe_edu.arrays.int8 import BIAS, MOST, refusal
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, WeightsError
from cafe_edu.net import near
from cafe_edu.proto import caffe_pb2
from cafe_edu.quantize.calibrate import calibrate
from cafe_edu.quantize.fold import KINDS, build, fold
from cafe_edu.quantize.quantized_net import QuantizedNet
from cafe_edu.quantize.surgery import reader, swallow


def quantize(net, batches, ranges="max", skip=(), layers=None):
    """Return the net in 8 bits: folded, calibrated, its convolutions and inner products quantised.

    A ReLU behind one of them becomes a part of it. All other layers stay as they are, in float32.

    Parameters
    ----------
    net : Net
        Trained, in the TEST phase. It stays as it is.
    batches : sequence of dict of input name -> array, sequence of arrays, or int
        What to calibrate on: a few hundred typical images are enough. Arrays are for the only input of a net that has
        one; a number of batches is for nets with data layers of their own.
    ranges : {"max", "percentile", "entropy"}
        How the range of what a layer reads is chosen; see ``ranges.py``.
    skip : sequence of str
        Layers to leave in float32.
    layers : dict, optional
        Type name -> class, as for ``Net``, if the net has layers of your own.

    Returns
    -------
    QuantizedNet

    Raises
    ------
    DataError
        If there are no batches, or numbers that a layer reads are NaN or infinite.
    WeightsError
        If parameters are.
    NetError
        If ``skip`` names a layer that the net does not have, or nothing can be quantised.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
    ...       num_output: 1 weight_filler { type: "constant" value: 0.5 } } }
    ... ''')
    >>> q = quantize(net, [[[1.0, -1.0]], [[0.3, 0.1]]])
    >>> q.forward(x=[[1.0, 0.5]])["y"].round(3)  # 0.5 is written as 64 steps of 1/127
    array([[0.752]], dtype=float32)
    """
    names = [layer.name for layer in net.layers]
    for name in skip:
        if name not in names:
            raise NetError(f"no layer {name!r} in net {net.name!r}{near(name, names)}")
    replaced = layers or {}
    folded, into = fold(net, layers)
    for name, blobs in folded.params.items():
        if not all(np.isfinite(to_numpy(blob.data)).all() for blob in blobs):
            raise WeightsError(f"layer {name!r}: expected numbers, found NaN or infinity in its parameters")
    seen = calibrate(folded, batches)
    spec, steps, params, parts, kept = caffe_pb2.NetParameter(), [*folded.steps], {}, {}, {}
    spec.CopyFrom(folded.spec)
    for i, step in enumerate(steps):  # the list gets shorter behind i on the way
        layer = step.layer
        reason = _reason(layer, seen, ranges, skip, replaced)
        if reason is None:
            params[layer.name] = in_steps(layer, seen[layer.name].steps(ranges))
            parts[layer.name] = [layer.name, *into.get(layer.name, ())]
            _become_8_bit(spec.layer[i])
            j = reader(spec.layer, i)
            if j is not None and _is_plain_relu(steps[j].layer, replaced):
                parts[layer.name].append(steps.pop(j).layer.name)
                swallow(spec.layer, i, j)
                spec.layer[i].relu_param.SetInParent()
            continue
        if step.bottom and layer.type != "Split":
            kept[layer.name] = f"{layer.type}: {reason}"
        if layer.params:
            params[layer.name] = [to_numpy(blob.data) for blob in layer.params]
    if not parts:
        why = "; ".join(f"{name!r} ({reason})" for name, reason in kept.items()) or "it has no layers that read"
        raise NetError(f"nothing of net {net.name!r} can be quantised: {why}")
    return QuantizedNet(build(spec, net, params, layers), parts, kept, net)


def _reason(layer, seen, ranges, skip, replaced):
    """Say why a layer stays in float32; None for one that does not."""
    if layer.type not in KINDS or layer.type in replaced:
        return "of this type there is none in 8 bits" if layer.params else "it has no weights"
    if layer.name in skip:
        return "as asked"
    W = layer.params[0]
    terms = W.count // layer.options.num_output
    if reason := refusal(terms, int(np.prod(W.shape[2:])) if layer.type == "Convolution" else 1):
        return reason
    return None if seen[layer.name].steps(ranges).any() else "what it reads was 0 in every batch"


def in_steps(layer, s):
    """Return the parameters of the 8-bit layer: W, b, t and s of its inputs' groups."""
    W, *b = (to_numpy(blob.data).astype(np.float64) for blob in layer.params)
    if layer.type == "InnerProduct" and layer.options.transpose:
        W = W.T
    b = b[0] if b else np.zeros(len(W))
    each = s.astype(np.float64).repeat(len(W) // len(s))
    t = np.maximum(np.abs(W).reshape(len(W), -1).max(axis=1) / MOST, np.abs(b) / (BIAS * each)).astype(np.float32)
    t[t < np.finfo(np.float32).tiny] = 1  # weights and bias of this output are 0
    along = t.astype(np.float64)
    W = np.rint(W / along.reshape(-1, *[1] * (W.ndim - 1))).clip(-MOST, MOST)
    b = np.rint(b / (each * along)).clip(-BIAS, BIAS)
    return [W.astype(np.int8), b.astype(np.int32), t, s]


def _become_8_bit(spec):
    """Let a LayerParameter ask for the 8-bit layer of its type."""
    options = getattr(spec, KINDS[spec.type])
    for field in ("weight_filler", "bias_filler", "bias_term", *(["transpose"] if spec.type == "InnerProduct" else [])):
        options.ClearField(field)
    del spec.param[:]  # names of shared parameters: each layer has its own now, in its own steps
    spec.type = f"Quantized{spec.type}"


def _is_plain_relu(layer, replaced):
    return layer.type == "ReLU" and "ReLU" not in replaced and layer.options.negative_slope == 0
