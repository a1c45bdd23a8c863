"""Fine-tuning and surgery: start from what another net has learned.

A net that learned much on many pictures is a good start on few. The usual way, in four steps:

1. ``new_head``: the last layer gets a new name, the number of classes of the new task, and ten times the rate;
2. ``transfer``: every layer whose name the old weights know starts from them, and a report says which;
3. ``freeze``: what shall stay as it is does not learn, and backward does not even go there;
4. train, with a base rate ten to a hundred times smaller than the first training had.

``fully_convolutional`` is surgery of the same family: a classifier for one size of picture becomes one that slides
over pictures of any size.

References
----------
Caffe: ``Net::CopyTrainedLayersFrom`` in ``src/caffe/net.cpp``; Yosinski et al. 2014; Long, Shelhamer, Darrell 2015.
Lesson: day 19.
"""

import dataclasses
import html

from cafe_edu import caffemodel
from cafe_edu.backward_plan import plan_backward
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError, ShapeError, WeightsError
from cafe_edu.net import Net, near
from cafe_edu.proto import caffe_pb2


@dataclasses.dataclass
class Report:
    """What a transfer did, layer by layer; shown as a table.

    Attributes
    ----------
    copied : dict of layer name -> name in the source
    mismatched : dict of layer name -> (shapes expected, shapes found); these layers keep their values
    missing : list of str
        Layers with parameters that the source does not know; they keep their values.
    unused : list of str
        Layers that only the source has.
    """

    copied: dict
    mismatched: dict
    missing: list
    unused: list

    def rows(self):
        """(layer, what became of it) for each layer."""
        for name, source in self.copied.items():
            yield name, "copied" if name == source else f"copied from {source}"
        for name, (expected, found) in self.mismatched.items():
            yield name, f"kept as it was: expected {_shapes(expected)}, found {_shapes(found)}"
        for name in self.missing:
            yield name, "kept as it was: not in the source"
        for name in self.unused:
            yield name, "not used: not in this net"

    def __str__(self):
        rows = [*self.rows()]
        width = max((len(name) for name, _ in rows), default=0)
        return "\n".join(f"{name:{width}}  {what}" for name, what in rows)

    __repr__ = __str__

    def _repr_html_(self):
        rows = "".join(f"<tr><td>{html.escape(a)}</td><td>{html.escape(b)}</td></tr>" for a, b in self.rows())
        return f"<table><tr><th>layer</th><th>parameters</th></tr>{rows}</table>"


def transfer(net, source, rename=None, layers=None, flat=False):
    """Copy parameters by layer name, as far as they fit, and say what was done.

    Unlike ``Net.load``, which copies all or raises, a layer that does not fit is left as it is and reported.

    Parameters
    ----------
    net : Net
    source : path of a .caffemodel or .caffemodel.h5, or a Net
    rename : dict, optional
        Name in ``net`` -> name in the source, where they differ.
    layers : str or sequence of str, optional
        Only these layers of ``net``.
    flat : bool
        Copy between parameters of another shape but the same count, number by number, as between an inner
        product and the convolution that stands for it.

    Returns
    -------
    Report

    Raises
    ------
    NetError
        If ``rename`` or ``layers`` name a layer that has no parameters here.
    WeightsError
        If ``rename`` names a layer that the source does not have, or the file is damaged.
    """
    stored, rename = _weights(source), dict(rename or {})
    layers = [layers] if isinstance(layers, str) else layers
    for name in [*rename, *(layers or ())]:
        if name not in net.params:
            raise NetError(f"no layer {name!r} with parameters in net {net.name!r}{near(name, net.params)}")
    for name in rename.values():
        if name not in stored:
            raise WeightsError(f"the source has no layer {name!r}{near(name, stored)}")
    report, used = Report({}, {}, [], []), set()
    owned = {id(param.blob) for param in net.learnable}  # HDF5 keeps what is shared with its owner alone
    for name, blobs in net.params.items():
        other = rename.get(name, name)
        if layers is not None and name not in layers:
            continue
        if other not in stored:
            report.missing += [name] if any(id(blob) in owned for blob in blobs) else []
            continue
        arrays = stored[other] + [None] * (len(blobs) - len(stored[other]))
        used.add(other)
        if len(arrays) == len(blobs) and all(_fits(*pair, owned, flat) for pair in zip(blobs, arrays, strict=True)):
            for blob, array in zip(blobs, arrays, strict=True):
                if array is not None:
                    blob.data = net.xp.asarray(array.reshape(blob.shape), net.dtype)
            report.copied[name] = other
        else:
            found = [array.shape for array in arrays if array is not None]
            report.mismatched[name] = [blob.shape for blob in blobs], found
    report.unused = [name for name in stored if name not in used] if layers is None else []
    return report


def new_head(spec, layer, name, num_output, rate=10):
    """Return a net in which ``layer`` has a new name and size and learns faster; ``spec`` stays as it is.

    The name is new so that old weights do not find the layer: it starts from its fillers.

    Parameters
    ----------
    spec : NetParameter
        Written today (see ``legacy.upgrade_net``).
    layer : str
        An InnerProduct or Convolution.
    name : str
        Its new name; its top, if it was called as the layer was, and all that read it get it too.
    num_output : int
        The number of classes of the new task.
    rate : float
        By how much its ``lr_mult`` is multiplied.

    Returns
    -------
    NetParameter

    Raises
    ------
    NetError
        If there is no such layer, it has no outputs to count, or the new name is taken.
    """
    changed = caffe_pb2.NetParameter()
    changed.CopyFrom(spec)
    named = {one.name: one for one in changed.layer}
    if layer not in named:
        raise NetError(f"no layer {layer!r} in net {spec.name!r}{near(layer, named)}")
    if name in named:
        raise NetError(f"net {spec.name!r} has a layer {name!r} already; a new head needs a new name")
    if num_output < 1 or num_output != int(num_output):
        raise NetError(f"expected a whole number of 1 or more classes, found {num_output}")
    for head in [one for one in changed.layer if one.name == layer]:  # one for each phase, in some files
        options = {"InnerProduct": head.inner_product_param, "Convolution": head.convolution_param}.get(head.type)
        if options is None:
            raise NetError(f"expected an InnerProduct or Convolution as head, found {layer!r} ({head.type})")
        head.name, options.num_output = name, int(num_output)
        while len(head.param) < 1 + options.bias_term:
            head.param.add()
        for param in head.param:
            param.lr_mult *= rate
    for one in changed.layer:
        for names in (one.bottom, one.top):
            names[:] = [name if blob == layer else blob for blob in names]
    return changed


def freeze(net, layers=None, until=None):
    """Keep the parameters of some layers as they are; backward then stops above them.

    A BatchNorm among them goes by the statistics it has, or they would drift with every batch.

    Parameters
    ----------
    net : Net
        Usually ``solver.net``. What it says of itself (``net.spec``) changes too.
    layers : str or sequence of str, optional
        Names of layers.
    until : str, optional
        Every layer from the first to this one.

    Returns
    -------
    list of str
        The layers that are frozen and have parameters.
    """
    names = [step.layer.name for step in net.steps]
    layers = [layers] if isinstance(layers, str) else layers
    for name in [*(layers or ()), *([until] if until is not None else ())]:
        if name not in names:
            raise NetError(f"no layer {name!r} in net {net.name!r}{near(name, names)}")
    chosen = {*(layers or ())} | {*(names[: names.index(until) + 1] if until is not None else ())}
    for step in net.steps:
        layer = step.layer
        if layer.name in chosen:
            while len(layer.spec.param) < len(layer.params):
                layer.spec.param.add()
            for param in layer.spec.param:
                param.lr_mult = param.decay_mult = 0
            if layer.type == "BatchNorm":
                layer.options.use_global_stats = layer.gathered = True
    still = [blob for name in chosen for blob in net.params.get(name, [])]
    for param in net.learnable:
        if any(param.blob.shares_with(blob) for blob in still):  # the twin of another layer's is still too
            param.lr_mult = param.decay_mult = 0
    plan_backward(net.steps, net.learnable, net.spec.force_backward)
    return [name for name in net.params if name in chosen]


def fully_convolutional(net, **inputs):
    r"""Return a net in which every inner product is the convolution that computes the same.

    An inner product over (C, H, W) numbers is a convolution with a C x H x W window that fits in one place. The
    convolution also fits in the other places of a larger picture, so the new net says for each place what
    the old one would say of the part of the picture around it.

    .. math:: W_{o,\,(c,i,j)} \longrightarrow W_{o,c,i,j}

    Parameters
    ----------
    net : Net
    **inputs : tuple
        New shapes of inputs, such as ``data=(1, 3, 451, 451)``.

    Returns
    -------
    Net
        With parameters of its own.

    Raises
    ------
    NetError
        If an inner product reads what is no image: something flattened it before; or the net has no such input.
    ShapeError
        If an input of that shape does not fit the net's parameters.
    """
    for name, shape in inputs.items():
        if name not in net.inputs:
            raise NetError(f"net {net.name!r} has no input {name!r}{near(name, net.inputs)}")
        if not isinstance(shape, list | tuple):
            raise ShapeError(f"expected a shape such as (1, 3, 451, 451) for input {name!r}, found {shape!r}")
    spec, converted = caffe_pb2.NetParameter(), []
    spec.CopyFrom(net.spec)
    kinds = {step.layer.name: step for step in net.steps}
    maps = set()  # blobs that were rows of numbers and are maps now
    for layer in spec.layer:
        step = kinds[layer.name]
        if layer.type == "InnerProduct":
            if layer.bottom[0] not in maps and len(step.bottom[0].shape) != 4:
                raise NetError(
                    f"layer {layer.name!r} reads {layer.bottom[0]!r} of shape {step.bottom[0].shape}; only an inner "
                    f"product over images (N, C, H, W), or over the outputs of one, can become a convolution"
                )
            _become_convolution(layer, (1, 1) if layer.bottom[0] in maps else step.bottom[0].shape[2:])
            converted.append(layer.name)
        if converted and (layer.name == converted[-1] or maps.intersection(layer.bottom)):
            maps.update(layer.top)
        if layer.type == "Input":
            for top, shape in zip(layer.top, layer.input_param.shape, strict=False):
                shape.dim[:] = inputs.get(top, tuple(shape.dim))
    new = Net(spec, net.phase, dtype=net.dtype, device="cpu" if net.xp.__name__ == "numpy" else "gpu")
    for name, blobs in net.params.items():
        for mine, theirs in zip(new.params[name], blobs, strict=True):
            if mine.count != theirs.count:
                raise ShapeError(f"layer {name!r}: with these inputs {theirs.shape} would become {mine.shape}")
            array = to_numpy(theirs.data)
            if name in converted and kinds[name].layer.options.transpose and mine is new.params[name][0]:
                array = array.T
            mine.data = new.xp.asarray(array.reshape(mine.shape), new.dtype)
    return new


def _become_convolution(layer, kernel):
    old = layer.inner_product_param
    if old.axis != 1:
        raise NetError(f"layer {layer.name!r}: expected an inner product over axis 1, found axis: {old.axis}")
    layer.type = "Convolution"
    new = layer.convolution_param
    new.num_output, new.bias_term = old.num_output, old.bias_term
    new.kernel_h, new.kernel_w = kernel
    for field in ("weight_filler", "bias_filler"):
        if old.HasField(field):
            getattr(new, field).CopyFrom(getattr(old, field))
    layer.ClearField("inner_product_param")


def _weights(source):
    if isinstance(source, Net):
        return {name: [to_numpy(blob.data) for blob in blobs] for name, blobs in source.params.items()}
    return {name: arrays for name, arrays in caffemodel.read_weights(source).items() if arrays}


def _fits(blob, array, owned, flat):
    if array is None:  # right for what is shared with a layer before
        return id(blob) not in owned
    old = (1,) * (4 - len(blob.shape)) + blob.shape  # files of before 2015 wrote four axes always
    return array.size == blob.count if flat else array.shape in (blob.shape, old)


def _shapes(shapes):
    return " and ".join(map(str, shapes)) or "none"
