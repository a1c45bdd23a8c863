"""What a picture of a net says of a layer: its kind, its settings, its learning rates."""

_KINDS = {
    "data": ("Data", "ImageData", "HDF5Data", "MemoryData", "WindowData", "DummyData", "HDF5Output", "Input",
             "Parameter"),
    "convolution": ("Convolution", "Deconvolution", "Im2col", "QuantizedConvolution"),
    "pooling": ("Pooling", "SPP"),
    "product": ("InnerProduct", "Embed", "RNN", "LSTM", "LSTMUnit", "QuantizedInnerProduct"),
    "neuron": ("AbsVal", "BNLL", "Clip", "Dropout", "ELU", "Exp", "GELU", "Log", "Power", "PReLU", "ReLU", "ReLU6",
               "Sigmoid", "Swish", "TanH", "Threshold"),
    "normalization": ("BatchNorm", "Bias", "LayerNorm", "LRN", "MVN", "Normalize", "Scale"),
    "loss": ("Accuracy", "ContrastiveLoss", "EuclideanLoss", "HingeLoss", "InfogainLoss", "MultinomialLogisticLoss",
             "SigmoidCrossEntropyLoss", "Softmax", "SoftmaxWithLoss"),
}  # fmt: skip
_KIND_OF = {type_name: kind for kind, types in _KINDS.items() for type_name in types}


def kind_of(type_name):
    """The family of a layer type: data, convolution, pooling, product, neuron, normalization, loss or other.

    >>> kind_of("Convolution"), kind_of("Reshape")
    ('convolution', 'other')
    """
    return _KIND_OF.get(type_name, "other")


def settings(layer):
    """The settings of a layer that one wants to see, as short lines.

    >>> from cafe_edu.layer import make_spec
    >>> settings(make_spec("Convolution", convolution_param={"kernel_size": [5], "num_output": 20, "pad": [2]}))
    ['kernel size: 5', 'stride: 1', 'pad: 2']
    """
    if layer.type in ("Convolution", "Deconvolution", "Im2col"):
        p = layer.convolution_param
        lines = [
            f"kernel size: {_size(p, 'kernel_size', 'kernel', '')}",
            f"stride: {_size(p, 'stride', 'stride', '1')}",
            f"pad: {_size(p, 'pad', 'pad', '0')}",
        ]
        lines += [f"dilation: {_size(p, 'dilation', '', '1')}"] if any(d != 1 for d in p.dilation) else []
        return lines + ([f"groups: {p.group}"] if p.group != 1 else [])
    if layer.type == "Pooling":
        p = layer.pooling_param
        pool = p.PoolMethod.Name(p.pool)
        if p.global_pooling:
            return [f"{pool}, the whole image"]
        return [
            f"{pool}, kernel size: {_size(p, 'kernel_size', 'kernel', '')}",
            f"stride: {_size(p, 'stride', 'stride', '1')}",
            f"pad: {_size(p, 'pad', 'pad', '0')}",
        ]
    if layer.type == "Dropout":
        return [f"ratio: {layer.dropout_param.dropout_ratio:g}"]
    if layer.type == "LRN":
        return [f"size: {layer.lrn_param.local_size}"]
    if layer.type == "Eltwise":
        return [layer.eltwise_param.EltwiseOp.Name(layer.eltwise_param.operation)]
    return []


def learning_rates(layer):
    """The learning rate multipliers of a layer's parameters, as a line; nothing where none are set.

    >>> from cafe_edu.layer import make_spec
    >>> learning_rates(make_spec("InnerProduct", param=[{"lr_mult": 1}, {"lr_mult": 2}]))
    ['lr_mult: 1, 2']
    """
    found = [f"{param.lr_mult:g}" for param in layer.param]
    return [f"lr_mult: {', '.join(found)}"] if found else []


def _size(options, field, short, default):
    """A size as text: one number, or one for each axis."""
    if short and (options.HasField(f"{short}_h") or options.HasField(f"{short}_w")):
        sizes = [getattr(options, f"{short}_h"), getattr(options, f"{short}_w")]
    else:
        value = getattr(options, field)
        single = isinstance(value, int)
        sizes = [value] if single and options.HasField(field) else [] if single else list(value)
    return "x".join(map(str, dict.fromkeys(sizes) if len(set(sizes)) == 1 else sizes)) or default
