"""A net as a graph: one box for each layer, arrows where data flow."""

import dataclasses

from cafe_edu.drawing.layout import GAP, lay_out
from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.settings import kind_of, learning_rates, settings
from cafe_edu.errors import CafeError, SpecError
from cafe_edu.outline import outline, read_spec

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
SIZE, LINE = 8, 11  # of letters, of a line; in points, 72 to the inch


@dataclasses.dataclass
class Box:
    """A layer to draw, with the layers that run in place on what it makes."""

    name: str
    kind: str
    lines: list
    followers: list = dataclasses.field(default_factory=list)  # (kind, line)

    @property
    def size(self):
        """Width and height in points."""
        longest = max(map(len, [self.name, *self.lines, *(line for _, line in self.followers)]))
        return 0.54 * SIZE * longest + 14, LINE * (1 + len(self.lines)) + 8 + (LINE + 4) * len(self.followers)


def draw_graph(spec, phase="ALL", rankdir="TB", display_lrm=False, shapes=None):
    """Draw the graph of a net.

    Each box names a layer, its type and settings, the shape of what it makes, its parameters and its multiply-adds for
    one item (1 M is a million). Layers that run in place stand under the layer on whose output they run. Splits, which
    a net puts in by itself, are left out.

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
    boxes, arrows = _graph(spec, phase, display_lrm, shapes)
    if not boxes:
        raise SpecError(f"net {spec.name!r} has no layers to draw")
    sizes = {key: box.size for key, box in boxes.items()}
    return _draw(spec.name, boxes, *lay_out(sizes, arrows, rankdir))


# what to draw ----------------------------------------------------------------------------------------


def _graph(spec, phase, display_lrm, shapes):
    """Return boxes (key -> Box) and arrows (pairs of keys)."""
    phases = [phase]
    if phase == "ALL":
        phases = ["TRAIN", "TEST"] if any(s.include or s.exclude for s in spec.layer) else ["TEST"]
    boxes, arrows, seen = {}, {}, {}
    for one in phases:
        layers, items = _layers(spec, one, shapes)
        writer = {}  # blob name -> key of the box that writes it
        for layer in layers:
            key = (layer.spec.name, layer.spec.SerializeToString())
            seen.setdefault(key, []).append(one)
            home = writer.get(layer.spec.bottom[0]) if layer.spec.bottom else None
            if layer.in_place and len(layer.spec.bottom) == 1 and home is not None:
                line = (kind_of(layer.spec.type), f"{layer.spec.name} ({layer.spec.type})")
                if line not in boxes[home].followers:
                    boxes[home].followers.append(line)
                continue
            if key not in boxes:
                boxes[key] = Box(layer.spec.name, kind_of(layer.spec.type), _lines(layer, items, display_lrm))
            arrows |= {(writer[name], key): None for name in layer.spec.bottom if name in writer}
            writer |= dict.fromkeys(layer.spec.top, key)
    if len(phases) == 2:
        for key, box in boxes.items():
            if len(seen[key]) == 1:
                box.lines.append(f"{seen[key][0]} only")
    return boxes, [arrow for arrow in arrows if arrow[0] != arrow[1]]


def _layers(spec, phase, shapes):
    """The layers of one phase; without shapes, where those cannot be known."""
    try:
        found = outline(spec, phase, shapes)
        return found.layers, found.items
    except CafeError:
        if shapes:
            raise
        return [Bare(layer) for layer in read_spec(_filtered(spec, phase)).layer], 1


@dataclasses.dataclass
class Bare:
    """A layer of which only the spec is known."""

    spec: object

    bottom = top = property(lambda self: {})
    params = ()
    param_count = multiply_adds = 0

    @property
    def in_place(self):
        return bool(self.spec.top) and set(self.spec.top) <= set(self.spec.bottom)


def _filtered(spec, phase):
    from cafe_edu.rules import filter_layers

    return filter_layers(spec, phase)


def _lines(layer, items, display_lrm):
    lines = [layer.spec.type, *([", ".join(settings(layer.spec))] if settings(layer.spec) else [])]
    lines += learning_rates(layer.spec) if display_lrm else []
    lines += [" x ".join(map(str, shape)) or "1 number" for shape in layer.top.values()]
    if layer.params:
        costs = f", {_short(layer.multiply_adds / items)} multiply-adds" if layer.multiply_adds else ""
        lines.append(f"{_short(layer.param_count)} parameters{costs}")
    return lines


def _short(number):
    """A number in three digits, as one would say it.

    >>> _short(431080), _short(20), _short(1.5e9)
    ('431 k', '20', '1.5 G')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


# drawing ---------------------------------------------------------------------------------------------


def _draw(title, boxes, places, curves):
    from matplotlib.patches import FancyArrowPatch, Rectangle
    from matplotlib.path import Path

    left = min(x - boxes[k].size[0] / 2 for k, (x, y) in places.items()) - GAP
    right = max(x + boxes[k].size[0] / 2 for k, (x, y) in places.items()) + GAP
    low = min(y - boxes[k].size[1] / 2 for k, (x, y) in places.items()) - GAP
    high = max(y + boxes[k].size[1] / 2 for k, (x, y) in places.items()) + 2 * GAP
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
        (x, y), (w, h) = places[key], box.size
        axes.add_patch(Rectangle((x - w / 2, y - h / 2), w, h, fc=FILL[box.kind], ec="#444444", lw=0.8, zorder=2))
        bottom = y - h / 2
        for kind, line in reversed(box.followers):
            axes.add_patch(Rectangle((x - w / 2, bottom), w, LINE + 4, fc=FILL[kind], ec="#444444", lw=0.8, zorder=2))
            axes.text(x, bottom + (LINE + 4) / 2, line, ha="center", va="center", fontsize=SIZE, zorder=3)
            bottom += LINE + 4
        top = y + h / 2 - 4 - LINE / 2
        for i, line in enumerate([box.name, *box.lines]):
            weight = "bold" if i == 0 else "normal"
            axes.text(x, top - i * LINE, line, ha="center", va="center", fontsize=SIZE, weight=weight, zorder=3)
    if title:
        axes.text((left + right) / 2, high - GAP * 0.7, title, ha="center", va="center", fontsize=SIZE + 4, zorder=3)
    return figure
