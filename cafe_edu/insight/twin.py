"""A twin: the same layers and the same weights, but blobs of its own, so that a net can be asked without a trace."""

import numpy as np

from cafe_edu.net import Net
from cafe_edu.proto import caffe_pb2


def twin(net, ends, layers=None, copy=False):
    """Return a TEST net that computes some layers of another one from arrays.

    It has the layers that those need and no others; data layers become inputs of the same shapes, holding what the
    blobs of ``net`` hold. All of it runs on the way back, down to the inputs.

    Parameters
    ----------
    net : Net
        In either phase. Nothing of it changes: not its data, nor its gradients, nor its shapes.
    ends : sequence of int
        Positions of layers in ``net.steps``.
    layers : dict, optional
        Type name -> class, instead of the classes that ``net`` uses.
    copy : bool
        Have weights of its own, equal to those of ``net``, instead of the same memory.

    Returns
    -------
    Net
    """
    spec = caffe_pb2.NetParameter(name=net.name, force_backward=True)
    for i in needed(net, ends):
        step, layer = net.steps[i], spec.layer.add()
        layer.CopyFrom(step.layer.spec)
        del layer.include[:], layer.exclude[:]  # they have been asked, in the phase of the net
        if step.layer.phase == net.phase:  # else the prototxt insists on a phase
            layer.ClearField("phase")
        if is_source(step):
            layer.type = "Input"
            layer.ClearField("input_param")
            for blob in step.top:
                layer.input_param.shape.add(dim=blob.shape)
    types = {step.layer.type: type(step.layer) for step in net.steps} | (layers or {})
    other = Net(
        spec, layers={name: _unfilled(cls) for name, cls in types.items()}, rng=0, folder=net.folder, dtype=net.dtype,
        device="cpu" if net.xp is np else "gpu", engine=net.engine.__name__.rpartition(".")[2],
    )  # fmt: skip
    phases = {layer.name: layer.phase for layer in other.layers}
    for name, blobs in other.params.items():
        writes = phases[name] == "TRAIN"  # a BatchNorm that insists on it gathers statistics at every forward
        for mine, owner in zip(blobs, net.params[name], strict=True):
            if copy or writes:
                mine.data = owner.data
            else:
                mine.share_data(owner)
    for name in other.inputs:
        other.blobs[name].data = net.blobs[name].data
    return other


def is_source(step):
    """Does data come in here, from a file or from the caller? (A Parameter is none: it learns.)"""
    return not step.bottom and step.layer.type != "Parameter"


def needed(net, ends):
    """Return the positions of the layers that some layers need, and theirs, in order.

    Examples
    --------
    >>> net = Net('''
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }
    ...     layer { name: "a" type: "Power" bottom: "x" top: "a" }
    ...     layer { name: "in place" type: "ReLU" bottom: "a" top: "a" }
    ... ''')
    >>> needed(net, [1])
    [0, 1]
    """
    found, wanted = [], set()
    for i in reversed(range(len(net.steps))):
        tops = {blob.name for blob in net.steps[i].top}
        if i in ends or tops & wanted:
            found.append(i)
            wanted |= {blob.name for blob in net.steps[i].bottom}
    return found[::-1]


def _unfilled(cls):
    """A layer class whose parameters get no first values: they come from elsewhere."""

    def add_param(self, name, shape, filler=None, dtype=None):
        return cls.add_param(self, name, shape, None, dtype)

    return type(cls.__name__, (cls,), {"add_param": add_param})
