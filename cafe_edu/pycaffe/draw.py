"""Nets as pictures by Graphviz: layers are boxes, blobs octagons, layers in place green."""

from cafe_edu.errors import CafeError
from cafe_edu.files import replacing
from cafe_edu.legacy import upgrade_net
from cafe_edu.proto import caffe_pb2
from cafe_edu.rules import filter_layers

LAYER_STYLE = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}
IN_PLACE_STYLE = {"shape": "record", "fillcolor": "#90EE90", "style": "filled"}
BLOB_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
COLORS = {
    "Convolution": "#FF5050",
    "Deconvolution": "#FF5050",
    "Pooling": "#FF9900",
    "InnerProduct": "#CC33FF",
}


def get_pooling_types_dict():
    """Return number -> name of the kinds of pooling."""
    return {number: name for name, number in caffe_pb2.PoolingParameter.PoolMethod.items()}


def choose_color_by_layertype(layertype):
    """Return the colour of a box."""
    return COLORS.get(layertype, LAYER_STYLE["fillcolor"])


def get_layer_lr_mult(layer):
    """Return the rates of a layer's parameters, such as "1/2"; "" if it says none."""
    return "/".join(f"{param.lr_mult:g}" for param in layer.param)


def get_edge_label(layer):
    """Return what stands at the arrows from a layer: its batch, or its number of outputs."""
    if layer.type == "Data":
        return f"Batch {layer.data_param.batch_size}"
    if layer.type in ("Convolution", "Deconvolution"):
        return str(layer.convolution_param.num_output)
    if layer.type == "InnerProduct":
        return str(layer.inner_product_param.num_output)
    return ""


def get_layer_label(layer, rankdir, display_lrm=False):
    """Return what stands in a layer's box; in one line if the picture goes up or down, below each other if not."""
    lines = [layer.name, f"({layer.type})"]
    if layer.type in ("Convolution", "Deconvolution"):
        options = layer.convolution_param
        kernel, stride, pad = (
            "x".join(str(n) for n in getattr(options, name)) for name in ("kernel_size", "stride", "pad")
        )
        kernel = kernel or f"{options.kernel_h}x{options.kernel_w}"
        lines += [f"kernel size: {kernel}", f"stride: {stride or 1}", f"pad: {pad or 0}"]
    elif layer.type == "Pooling":
        options = layer.pooling_param
        lines[1] = f"({get_pooling_types_dict()[options.pool]} Pooling)"
        lines += [f"kernel size: {options.kernel_size}", f"stride: {options.stride}", f"pad: {options.pad}"]
    if display_lrm and layer.param:
        lines.append(f"lr mult: {get_layer_lr_mult(layer)}")
    return (" " if rankdir in ("TB", "BT") else r"\n").join(lines)


def nodes_and_edges(net, rankdir, label_edges=True, phase=None, display_lrm=False):
    """Return what is to be drawn of a net: {node: its style and label}, [(node, node, label)]."""
    spec = upgrade_net(net)
    if phase is not None:
        spec = filter_layers(spec, caffe_pb2.Phase.Name(phase))
    nodes, edges = {}, []
    for layer in spec.layer:
        box = f"{layer.name}_{layer.type}"
        in_place = list(layer.bottom) == list(layer.top) != []
        style = IN_PLACE_STYLE if in_place else LAYER_STYLE | {"fillcolor": choose_color_by_layertype(layer.type)}
        nodes[box] = style | {"label": get_layer_label(layer, rankdir, display_lrm)}
        for blob in (*layer.bottom, *layer.top):
            nodes[f"{blob}_blob"] = BLOB_STYLE | {"label": blob}
        edges += [(f"{blob}_blob", box, "") for blob in layer.bottom]
        edges += [(box, f"{blob}_blob", get_edge_label(layer) if label_edges else "") for blob in layer.top]
    return nodes, edges


def get_pydot_graph(caffe_net, rankdir, label_edges=True, phase=None, display_lrm=False):
    """Return a net as a graph of pydot.

    Parameters
    ----------
    caffe_net : NetParameter
    rankdir : {"LR", "RL", "TB", "BT"}
        Which way it goes.
    label_edges, display_lrm : bool
        Show batch sizes and numbers of outputs at the arrows; the rates of the parameters.
    phase : {caffe.TRAIN, caffe.TEST}, optional
        Of the layers, only those of this phase.

    Raises
    ------
    CafeError
        If pydot is not installed.
    """
    try:
        import pydot
    except ImportError:
        raise CafeError(
            "drawing with Graphviz needs the package pydot and the program Graphviz, and pydot is not installed"
        ) from None
    nodes, edges = nodes_and_edges(caffe_net, rankdir, label_edges, phase, display_lrm)
    graph = pydot.Dot(_quoted(caffe_net.name or "Net"), graph_type="digraph", rankdir=rankdir)
    for name, style in nodes.items():
        graph.add_node(pydot.Node(_quoted(name), **{key: _quoted(value) for key, value in style.items()}))
    for source, target, label in edges:
        graph.add_edge(pydot.Edge(_quoted(source), _quoted(target), label=_quoted(label)))
    return graph


def _quoted(text):
    return '"{}"'.format(text.replace('"', r"\""))


def draw_net(caffe_net, rankdir, ext="png", phase=None, display_lrm=False):
    """Return the picture of a net as the bytes of a file of the kind ``ext``."""
    graph = get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm)
    if ext in ("dot", "gv"):  # the graph itself, for which no program is needed
        return graph.to_string().encode()
    try:
        return graph.create(format=ext)
    except FileNotFoundError:
        raise CafeError(
            "drawing needs the program Graphviz (its `dot`), which was not found; ext='dot' writes the graph without it"
        ) from None


def draw_net_to_file(caffe_net, filename, rankdir="LR", phase=None, display_lrm=False):
    """Write the picture of a net; the ending of the name says which kind."""
    ext = str(filename).rpartition(".")[2]
    picture = draw_net(caffe_net, rankdir, ext, phase, display_lrm)
    with replacing(filename) as new:
        new.write_bytes(picture)
