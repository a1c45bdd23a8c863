"""A net as a graph: one box for each layer, arrows where data flow."""

from cafe_edu.drawing.boxes import boxes_of
from cafe_edu.drawing.layout import GAP, lay_out
from cafe_edu.drawing.picture import RED, new_picture
from cafe_edu.outline import read_spec

FILL = {  # paler shades of the colours in picture.py
    "data": "#dddddd",
    "convolution": "#9fcbe6",
    "pooling": "#f7d794",
    "product": "#e3b7d3",
    "neuron": "#a8dcc5",
    "normalization": "#f4efb0",
    "loss": "#f2b58f",
    "other": "#ffffff",
}
EDGE, DARK_RED = "#444444", "#8b1a00"
SIZE, LINE = 8, 11  # of letters, of a line; in points, 72 to the inch


def draw_graph(spec, phase="ALL", rankdir="TB", display_lrm=False, shapes=None):
    """Draw the graph of a net.

    Each box names a layer, its type and settings, the shape of what it makes, its parameters and its multiply-adds for
    one item (1 M is a million). Layers that run in place stand under the layer on whose output they run. Splits, which
    a net puts in by itself, are left out.

    A net that cannot be built is drawn up to the layer that fails, which is framed in red and says what is wrong.

    Parameters
    ----------
    spec : path, prototxt text or NetParameter
    phase : {"ALL", "TRAIN", "TEST"}
        Layers of which phase. With "ALL", a layer of one phase alone says so.
    rankdir : {"TB", "BT", "LR", "RL"}
        Which way the data flow: from top to bottom, ...
    display_lrm : bool
        Show learning rate multipliers.
    shapes : dict of blob name -> tuple, optional
        What data layers make (see `cafe_edu.outline.outline`). Where shapes cannot be known, they are left out.

    Returns
    -------
    Figure
    """
    spec = read_spec(spec)
    boxes, arrows = boxes_of(spec, phase, display_lrm, shapes)
    sizes = {key: _size(box) for key, box in boxes.items()}
    return _draw(spec.name, boxes, sizes, *lay_out(sizes, arrows, rankdir))


def _size(box):
    """Width and height of a box in points."""
    lines = [*_lines(box), *(line for _, line in box.followers)]
    return 0.54 * SIZE * max(map(len, lines)) + 14, LINE * len(_lines(box)) + 8 + (LINE + 4) * len(box.followers)


def _lines(box):
    return [box.name, *box.lines, *box.error_lines]


def _draw(title, boxes, sizes, places, curves):
    from matplotlib.patches import FancyArrowPatch, Rectangle
    from matplotlib.path import Path

    left = min(x - sizes[k][0] / 2 for k, (x, y) in places.items()) - GAP
    right = max(x + sizes[k][0] / 2 for k, (x, y) in places.items()) + GAP
    low = min(y - sizes[k][1] / 2 for k, (x, y) in places.items()) - GAP
    high = max(y + sizes[k][1] / 2 for k, (x, y) in places.items()) + 2 * GAP
    bends = [x for points, _ in curves for x, _ in points]
    left, right = min([left, *(x - GAP for x in bends)]), max([right, *(x + GAP for x in bends)])
    width, height = (right - left) / 72, (high - low) / 72
    figure = new_picture(width, height, dpi=min(100, 60_000 / max(width, height)))  # matplotlib draws 65,535 pixels
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    axes.set_axis_off()
    arrow = {"arrowstyle": "-|>", "mutation_scale": 8, "lw": 0.8, "color": "#555555", "shrinkA": 0, "shrinkB": 0}
    for points, codes in curves:
        axes.add_patch(FancyArrowPatch(path=Path(points, codes), zorder=1, **arrow))
    for key, box in boxes.items():
        (x, y), (w, h) = places[key], sizes[key]
        look = {"fc": "#ffffff", "ec": RED, "lw": 2.5} if box.error else {"fc": FILL[box.kind], "ec": EDGE, "lw": 0.8}
        axes.add_patch(Rectangle((x - w / 2, y - h / 2), w, h, zorder=2, **look))
        bottom = y - h / 2
        for kind, line in reversed(box.followers):
            axes.add_patch(Rectangle((x - w / 2, bottom), w, LINE + 4, fc=FILL[kind], ec=EDGE, lw=0.8, zorder=2))
            axes.text(x, bottom + (LINE + 4) / 2, line, ha="center", va="center", fontsize=SIZE, zorder=3)
            bottom += LINE + 4
        top = y + h / 2 - 4 - LINE / 2
        for i, line in enumerate(_lines(box)):
            look = {"weight": "bold" if i == 0 else "normal", "color": DARK_RED if i > len(box.lines) else "black"}
            axes.text(x, top - i * LINE, line, ha="center", va="center", fontsize=SIZE, zorder=3, **look)
    if title:
        axes.text((left + right) / 2, high - GAP * 0.7, title, ha="center", va="center", fontsize=SIZE + 4, zorder=3)
    return figure
