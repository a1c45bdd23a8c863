"""A net as text in Graphviz's language DOT, in the style of Caffe's draw_net."""

from cafe_edu.drawing.settings import kind_of, learning_rates, settings
from cafe_edu.rules import filter_layers

FILL = {  # Caffe's colours
    "convolution": "#FF5050",
    "pooling": "#FF9900",
    "product": "#CC33FF",
    "neuron": "#90EE90",
}
OTHER, BLOB = "#6495ED", "#E0E0E0"


def net_to_dot(spec, phase="ALL", rankdir="LR", display_lrm=False):
    r"""Return the graph of a net as DOT text: layers are boxes, blobs octagons, layers in place green.

    Parameters
    ----------
    spec : NetParameter
        As written today (see `cafe_edu.legacy.upgrade_net`).
    phase : {"ALL", "TRAIN", "TEST"}
        Layers of which phase.
    rankdir : {"LR", "RL", "TB", "BT"}
        Which way the data flow.
    display_lrm : bool
        Show learning rate multipliers.

    Returns
    -------
    str

    References
    ----------
    Caffe: ``python/caffe/draw.py``. The language: <https://graphviz.org/doc/info/lang.html>.

    Examples
    --------
    >>> from cafe_edu.prototxt import parse_net
    >>> print(net_to_dot(parse_net('layer { name: "s" type: "Sigmoid" bottom: "x" top: "y" }')))
    digraph "Net" {
      rankdir=LR;
      "x_blob" [label="x", shape=octagon, style=filled, fillcolor="#E0E0E0"];
      "y_blob" [label="y", shape=octagon, style=filled, fillcolor="#E0E0E0"];
      "s_Sigmoid" [label="s\n(Sigmoid)", shape=record, style=filled, fillcolor="#6495ED"];
      "x_blob" -> "s_Sigmoid";
      "s_Sigmoid" -> "y_blob";
    }
    <BLANKLINE>
    """
    layers = spec.layer if phase == "ALL" else filter_layers(spec, phase).layer
    gap = " " if rankdir in ("TB", "BT") else "\n"  # wide boxes where the graph is tall, tall ones where it is wide
    blobs, boxes, arrows = {}, {}, []
    for layer in layers:
        in_place = list(layer.bottom) == list(layer.top) and len(layer.top) == 1
        kind = "neuron" if in_place and kind_of(layer.type) == "neuron" else kind_of(layer.type)
        fill = FILL.get(kind, OTHER) if kind != "neuron" or in_place else OTHER
        name = f"{layer.name}_{layer.type}"
        lines = [layer.name, f"({layer.type})", *settings(layer), *(learning_rates(layer) if display_lrm else [])]
        boxes[name] = (gap.join(lines), "record", fill)
        for bottom in layer.bottom:
            blobs[bottom] = None
            arrows.append((f"{bottom}_blob", name, ""))
        for top in layer.top:
            blobs[top] = None
            arrows.append((name, f"{top}_blob", _outputs(layer)))
    lines = [f"digraph {_quoted(spec.name or 'Net')} {{", f"  rankdir={rankdir};"]
    for blob in blobs:
        lines.append(_node(f"{blob}_blob", blob, "octagon", BLOB))
    lines += [_node(name, *box) for name, box in boxes.items()]
    for start, end, label in arrows:
        lines.append(f"  {_quoted(start)} -> {_quoted(end)}{f' [label={label}]' if label else ''};")
    return "\n".join([*lines, "}", ""])


def _outputs(layer):
    """What is written on the arrow out of a layer: how many outputs it has."""
    number = {
        "Convolution": layer.convolution_param,
        "Deconvolution": layer.convolution_param,
        "InnerProduct": layer.inner_product_param,
    }
    return str(number[layer.type].num_output) if layer.type in number else ""


def _node(name, label, shape, fill):
    text = _quoted(_record(label) if shape == "record" else label)
    return f'  {_quoted(name)} [label={text}, shape={shape}, style=filled, fillcolor="{fill}"];'


def _record(label):
    """A label in which the signs that divide a record stand for themselves."""
    return "".join(f"\\{sign}" if sign in "{}|<>" else sign for sign in label)


def _quoted(text):
    return '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'
