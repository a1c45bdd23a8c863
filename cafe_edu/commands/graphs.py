"""`cafe summarize` and `cafe draw-net`: a net from its prototxt alone."""

import pathlib

import click

from cafe_edu.commands.group import command, json_option, option, print_json, print_table, words
from cafe_edu.errors import SpecError

SHAPES = option("shape", "shapes", multiple=True, metavar="BLOB=N,C,H,W", help="What a data layer or input makes.")


@command()
@option("phase", type=click.Choice(["TRAIN", "TEST"], case_sensitive=False), default="TEST", show_default=True)
@SHAPES
@option("stage", default="", metavar="A[,B]", help="Stages of the net's state.")
@option("level", default=None, type=int, help="Level of the net's state.")
@json_option()
@click.argument("model", metavar="PROTOTXT")
def summarize(model, phase, shapes, stage, level, as_json):
    """Print the layers of a net with shapes, parameters and multiply-adds.

    Example: cafe summarize lenet.prototxt
    """
    from cafe_edu.outline import outline

    net = outline(model, phase, _shapes(shapes), level, words(stage))
    if as_json:
        print_json(_as_json(net))
        return
    click.echo(f"{net.name or model} ({net.phase}): {len(net.layers)} layers, {net.param_count:,} parameters, "
               f"{net.multiply_adds // net.items:,} multiply-adds an item")  # fmt: skip
    rows = [("layer", "type", "reads", "makes", "shape", "parameters' shapes", "parameters", "multiply-adds")]
    for layer in net.layers:
        rows.append((
            layer.spec.name,
            layer.spec.type,
            ", ".join(layer.bottom),
            ", ".join(layer.top),
            ", ".join(_times(shape) for shape in layer.top.values()),
            ", ".join(_times(shape) for shape in layer.params),
            f"{layer.param_count:,}" if layer.params else "",
            f"{layer.multiply_adds // net.items:,}" if layer.multiply_adds else "",
        ))  # fmt: skip
    print_table(rows, left=6)
    for text in net.assumed:
        click.echo(f"({text}; --shape says otherwise)")


@command()
@option("phase", type=click.Choice(["TRAIN", "TEST", "ALL"], case_sensitive=False), default="ALL", show_default=True,
        help="Layers of which phase.")  # fmt: skip
@option("rankdir", type=click.Choice(["LR", "RL", "TB", "BT"], case_sensitive=False), default=None,
        help="From left to right, or from top to bottom; LR for .dot, else TB.")  # fmt: skip
@option("display_lrm", is_flag=True, help="Show learning rate multipliers.")
@SHAPES
@click.argument("model", metavar="PROTOTXT")
@click.argument("picture", metavar="OUTPUT")
def draw_net(model, picture, phase, rankdir, display_lrm, shapes):
    """Draw a net as a graph: .svg, .png or .pdf, .dot text for Graphviz, or .mmd text for Mermaid.

    A net that cannot be built is drawn up to the layer that fails, with its error.

    Example: cafe draw-net lenet.prototxt lenet.svg
    """
    from cafe_edu.drawing.dot import net_to_dot
    from cafe_edu.files import replacing
    from cafe_edu.outline import read_spec

    kind = pathlib.Path(picture).suffix.lower()
    if kind in (".dot", ".gv"):
        text = net_to_dot(read_spec(model), phase, rankdir or "LR", display_lrm)
        with replacing(picture) as new:
            new.write_text(text, encoding="utf-8")
    elif kind in (".mmd", ".mermaid"):
        from cafe_edu.drawing.mermaid import mermaid

        with replacing(picture) as new:
            new.write_text(mermaid(model, phase, rankdir or "TB", display_lrm, _shapes(shapes)), encoding="utf-8")
    elif kind in (".svg", ".png", ".pdf"):
        from cafe_edu.drawing.graph import draw_graph
        from cafe_edu.drawing.picture import save_picture

        save_picture(draw_graph(model, phase, rankdir or "TB", display_lrm, _shapes(shapes)), picture)
    else:
        raise SpecError(f"expected a name that ends in .svg, .png, .pdf, .dot or .mmd, found {picture}")
    click.echo(f"{picture} shows {model}")


def _shapes(texts):
    """The shapes that --shape gave: blob name -> tuple."""
    shapes = {}
    for text in texts:
        name, _, dims = text.partition("=")
        if not name or not all(part.isdecimal() for part in dims.split(",")):
            raise SpecError(f"expected a shape such as data=64,1,28,28, found {text!r}")
        shapes[name] = tuple(int(part) for part in dims.split(","))
    return shapes


def _times(shape):
    return " x ".join(map(str, shape)) or "1 number"


def _as_json(net):
    return {
        "name": net.name,
        "phase": net.phase,
        "params": net.param_count,
        "items": net.items,
        "multiply_adds": net.multiply_adds // net.items,
        "assumed": net.assumed,
        "layers": [
            {
                "name": layer.spec.name,
                "type": layer.spec.type,
                "bottom": {name: list(shape) for name, shape in layer.bottom.items()},
                "top": {name: list(shape) for name, shape in layer.top.items()},
                "param_shapes": [list(shape) for shape in layer.params],
                "params": layer.param_count,
                "multiply_adds": layer.multiply_adds // net.items,
            }
            for layer in net.layers
        ],
    }


COMMANDS = [summarize, draw_net]
