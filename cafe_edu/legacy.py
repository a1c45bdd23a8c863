"""Legacy: nets and solvers of Caffe's first years, made new.

Three generations of files are about. V0 (2013) has ``layers { layer { type: "conv" ... } }``, every option in one
message; V1 (2014) ``layers { type: CONVOLUTION ... }``, options by type; since 2015 it is ``layer { type:
"Convolution" ... }``. A net takes whichever it is given and upgrades it here, on a copy.

References
----------
Caffe: ``src/caffe/util/upgrade_proto.cpp``. Lesson: day 10.
"""

import itertools
import logging

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2

log = logging.getLogger("cafe_edu")

V1 = caffe_pb2.V1LayerParameter

#: V1's enum -> today's type, where capitals and underscores do not tell
TYPES = {
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "IM2COL": "Im2col",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
}
#: V0's type -> V1's enum, where it is not the same word in capitals
V0_TYPES = {"conv": "CONVOLUTION", "images": "IMAGE_DATA", "innerproduct": "INNER_PRODUCT", "pool": "POOLING"}
#: V0's field -> {V0's type: where it goes in V1}
V0_FIELDS = {
    "num_output": {"conv": "convolution_param.num_output", "innerproduct": "inner_product_param.num_output"},
    "biasterm": {"conv": "convolution_param.bias_term", "innerproduct": "inner_product_param.bias_term"},
    "weight_filler": {"conv": "convolution_param.weight_filler", "innerproduct": "inner_product_param.weight_filler"},
    "bias_filler": {"conv": "convolution_param.bias_filler", "innerproduct": "inner_product_param.bias_filler"},
    "pad": {"conv": "convolution_param.pad", "pool": "pooling_param.pad"},
    "kernelsize": {"conv": "convolution_param.kernel_size", "pool": "pooling_param.kernel_size"},
    "stride": {"conv": "convolution_param.stride", "pool": "pooling_param.stride"},
    "group": {"conv": "convolution_param.group"},
    "pool": {"pool": "pooling_param.pool"},
    "dropout_ratio": {"dropout": "dropout_param.dropout_ratio"},
    "local_size": {"lrn": "lrn_param.local_size"},
    "alpha": {"lrn": "lrn_param.alpha"},
    "beta": {"lrn": "lrn_param.beta"},
    "k": {"lrn": "lrn_param.k"},
    "source": {
        "data": "data_param.source",
        "hdf5_data": "hdf5_data_param.source",
        "images": "image_data_param.source",
        "window_data": "window_data_param.source",
        "infogain_loss": "infogain_loss_param.source",
    },
    "batchsize": {
        "data": "data_param.batch_size",
        "hdf5_data": "hdf5_data_param.batch_size",
        "images": "image_data_param.batch_size",
        "window_data": "window_data_param.batch_size",
    },
    "rand_skip": {"data": "data_param.rand_skip", "images": "image_data_param.rand_skip"},
    "shuffle_images": {"images": "image_data_param.shuffle"},
    "new_height": {"images": "image_data_param.new_height"},
    "new_width": {"images": "image_data_param.new_width"},
    "concat_dim": {"concat": "concat_param.concat_dim"},
    "det_fg_threshold": {"window_data": "window_data_param.fg_threshold"},
    "det_bg_threshold": {"window_data": "window_data_param.bg_threshold"},
    "det_fg_fraction": {"window_data": "window_data_param.fg_fraction"},
    "det_context_pad": {"window_data": "window_data_param.context_pad"},
    "det_crop_mode": {"window_data": "window_data_param.crop_mode"},
    "hdf5_output_param": {"hdf5_output": "hdf5_output_param"},
}
IMAGES = ("data", "images", "window_data")
V0_FIELDS |= {
    old: dict.fromkeys(IMAGES, f"transform_param.{new}")
    for old, new in {"scale": "scale", "meanfile": "mean_file", "cropsize": "crop_size", "mirror": "mirror"}.items()
}
#: types of variants of Caffe that are Convolution with one group for each channel
DEPTHWISE = ("ConvolutionDepthwise", "DepthwiseConvolution")
SOLVERS = {"NESTEROV": "Nesterov", "ADAGRAD": "AdaGrad", "RMSPROP": "RMSProp", "ADADELTA": "AdaDelta", "ADAM": "Adam"}


def upgrade_net(net):
    """Return a NetParameter as it is written today; ``net`` stays as it is.

    Raises
    ------
    SpecError
        If a net mixes generations, or V0's padding is read by a layer that has none.
    """
    net = _copy(net)
    if any(layer.HasField("layer") for layer in net.layers):
        _from_v0(net)
    if net.layers and net.layer:
        raise SpecError("this net has both `layers` (of 2014) and `layer` (today); write all of them as `layer`")
    net.layer.extend(_from_v1(old) for old in net.layers)
    del net.layers[:]
    _inputs_become_a_layer(net)
    for layer in net.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:  # its three blobs are statistics: nothing to learn
            for param in layer.param:
                param.lr_mult = param.decay_mult = 0
        elif layer.type in DEPTHWISE:  # some of their files leave the group out
            layer.type, options = "Convolution", layer.convolution_param
            options.group = options.group if options.HasField("group") else options.num_output
    return net


def upgrade_solver(solver):
    """Return a SolverParameter as it is written today, its inline nets too (which Caffe itself forgets)."""
    solver = _copy(solver)
    if solver.HasField("solver_type"):
        if solver.HasField("type"):
            raise SpecError("this solver has both `solver_type` (old) and `type`; keep `type`")
        name = caffe_pb2.SolverParameter.SolverType.Name(solver.solver_type)
        solver.type = SOLVERS.get(name, name)
        solver.ClearField("solver_type")
    for field in ("net_param", "train_net_param"):
        if solver.HasField(field):
            getattr(solver, field).CopyFrom(upgrade_net(getattr(solver, field)))
    for net in solver.test_net_param:
        net.CopyFrom(upgrade_net(net))
    return solver


def _copy(message):
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _put(message, path, value):
    """Set, add or copy a value to the field at a dotted path."""
    *outer, name = path.split(".")
    for part in outer:
        message = getattr(message, part)
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.is_repeated:
        getattr(message, name).extend(value if hasattr(value, "__len__") else [value])
    elif field.message_type:
        getattr(message, name).CopyFrom(value)
    else:
        setattr(message, name, value)


# V0: a padding layer stands in front of its reader, and all options are in one message


def _from_v0(net):
    pads = {layer.top[0]: layer for layer in net.layers if layer.layer.type == "padding"}
    kept = []
    for layer in net.layers:
        if layer.layer.type == "padding":
            continue
        for i, name in enumerate(layer.bottom):
            if name in pads:
                if layer.layer.type not in ("conv", "pool") or len(layer.bottom) != 1:
                    reader = layer.layer.name
                    raise SpecError(f"layer {reader!r} reads the padding {name!r}; only conv and pool can pad")
                layer.layer.pad = pads[name].layer.pad
                layer.bottom[i] = pads[name].bottom[0]
        kept.append(_v1_of(layer))
    del net.layers[:]
    net.layers.extend(kept)


def _v1_of(old):
    v0, new = old.layer, V1(name=old.layer.name, bottom=old.bottom, top=old.top)
    if v0.HasField("type"):
        name = V0_TYPES.get(v0.type, v0.type.upper())
        if name not in V1.LayerType.DESCRIPTOR.values_by_name:
            raise SpecError(f"layer {v0.name!r}: V0 has no type {v0.type!r}")
        new.type = V1.LayerType.Value(name)
    for field, value in v0.ListFields():
        if field.name in ("blobs", "blobs_lr", "weight_decay"):
            _put(new, field.name, value)
        elif field.name not in ("name", "type"):
            places = V0_FIELDS.get(field.name, {})
            if v0.type in places:
                _put(new, places[v0.type], value)
            else:
                log.warning("layer %r (%s): `%s` means nothing there and is left out", v0.name, v0.type, field.name)
    return new


# V1: the type is an enum, and what is said of parameters is spread over four lists


def _from_v1(old):
    new = caffe_pb2.LayerParameter()
    _move_transform(old)
    for field, value in old.ListFields():
        if field.name not in ("type", "layer", "param", "blob_share_mode", "blobs_lr", "weight_decay"):
            _put(new, field.name, value)
    if old.HasField("type"):
        name = V1.LayerType.Name(old.type)
        new.type = TYPES.get(name, name.title().replace("_", ""))
    lists = (old.param, old.blob_share_mode, old.blobs_lr, old.weight_decay)
    for values in itertools.zip_longest(*lists):
        spec = new.param.add()
        for name, value in zip(("name", "share_mode", "lr_mult", "decay_mult"), values, strict=True):
            if value is not None:
                setattr(spec, name, value)
    return new


def _move_transform(old):
    """Before there was ``transform_param``, each data layer had these four."""
    options = {V1.DATA: old.data_param, V1.IMAGE_DATA: old.image_data_param, V1.WINDOW_DATA: old.window_data_param}
    if old.type in options:
        for name in ("scale", "mean_file", "crop_size", "mirror"):
            if options[old.type].HasField(name):
                setattr(old.transform_param, name, getattr(options[old.type], name))
                options[old.type].ClearField(name)


def _inputs_become_a_layer(net):
    """`input:` with `input_shape` or `input_dim` becomes a layer; without shapes (old weights) it is dropped."""
    shapes = [list(shape.dim) for shape in net.input_shape]
    if not shapes and net.input_dim:
        shapes = [list(net.input_dim[i : i + 4]) for i in range(0, len(net.input_dim), 4)]
    if net.input and shapes:
        if len(shapes) != len(net.input) or not all(net.input_shape or [len(shape) == 4 for shape in shapes]):
            raise SpecError(
                f"expected a shape for each of {len(net.input)} inputs (input_shape, or four input_dim), "
                f"found {len(shapes)}"
            )
        layer = caffe_pb2.LayerParameter(name="input", type="Input", top=net.input)
        for shape in shapes:
            layer.input_param.shape.add(dim=shape)
        others = list(net.layer)
        del net.layer[:]
        net.layer.extend([layer, *others])
    for name in ("input", "input_shape", "input_dim"):
        net.ClearField(name)
