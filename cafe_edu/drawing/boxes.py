"""What the graph of a net shows: a box for each layer, and which box feeds which."""

import dataclasses
import textwrap

from cafe_edu.drawing.settings import kind_of, learning_rates, settings
from cafe_edu.errors import CafeError, SpecError
from cafe_edu.half_built import first_failure
from cafe_edu.layer import REGISTRY
from cafe_edu.outline import outline, read_spec
from cafe_edu.rules import filter_layers
from cafe_edu.stand_ins import DATA_LAYERS

WIDTH = 56  # letters in a line of an error


@dataclasses.dataclass
class Box:
    """A layer to draw, with the layers that run in place on what it makes.

    Attributes
    ----------
    name, type, kind : str
        ``kind`` is the family of its type (see `cafe_edu.drawing.settings.kind_of`).
    lines : list of str
        What stands below the name: type and settings, shapes, costs.
    followers : list of (kind, line)
    error : str
        Why this layer cannot be built, in one line; empty where it can.
    """

    name: str
    type: str
    kind: str
    lines: list
    followers: list = dataclasses.field(default_factory=list)
    error: str = ""

    @property
    def error_lines(self):
        """The error, broken into lines that are no wider than a box should be."""
        return textwrap.wrap(f"error: {self.error}", WIDTH) if self.error else []


def boxes_of(spec, phase="ALL", display_lrm=False, shapes=None):
    """Return what is to be drawn of a net: boxes (key -> Box) and arrows (pairs of keys).

    A net that cannot be built is shown up to the layer that fails, whose box holds the error. Where it is only us who
    cannot build it (a type that we do not have, data that are not here, stages that nobody told) it is shown whole,
    without shapes.

    Parameters
    ----------
    spec, phase, display_lrm, shapes
        As in `cafe_edu.drawing.graph.draw_graph`.

    Raises
    ------
    SpecError
        If the net has no layers.
    """
    spec, phases = read_spec(spec), [phase]
    if phase == "ALL":
        phases = ["TRAIN", "TEST"] if any(s.include or s.exclude for s in spec.layer) else ["TEST"]
    boxes, arrows, seen = {}, {}, {}
    for one in phases:
        layers, items = _layers(spec, one, shapes)
        writer = {}  # blob name -> key of the box that writes it
        for layer, error in layers:
            key = (layer.spec.name, layer.spec.SerializeToString())
            seen.setdefault(key, []).append(one)
            home = writer.get(layer.spec.bottom[0]) if layer.spec.bottom else None
            if layer.in_place and len(layer.spec.bottom) == 1 and home is not None and not error:
                line = (kind_of(layer.spec.type), f"{layer.spec.name} ({layer.spec.type})")
                if line not in boxes[home].followers:
                    boxes[home].followers.append(line)
                continue
            if key not in boxes:
                lines = _lines(layer, items, display_lrm)
                boxes[key] = Box(layer.spec.name, layer.spec.type, kind_of(layer.spec.type), lines)
            boxes[key].error = boxes[key].error or error
            arrows |= {(writer[name], key): None for name in layer.spec.bottom if name in writer}
            writer |= dict.fromkeys(layer.spec.top, key)
    if not boxes:
        raise SpecError(f"net {spec.name!r} has no layers to draw")
    if len(phases) == 2:
        for key, box in boxes.items():
            if len(seen[key]) == 1:
                box.lines.append(f"{seen[key][0]} only")
    return boxes, [arrow for arrow in arrows if arrow[0] != arrow[1]]


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


def _layers(spec, phase, shapes):
    """The layers of one phase, each with its error or "", and the items in a batch."""
    try:
        found = outline(spec, phase, shapes)
        return [(layer, "") for layer in found.layers], found.items
    except CafeError:
        before, failed, error = first_failure(spec, phase, shapes)
        unknown = failed is None or failed.type in (*DATA_LAYERS, "Python") or failed.type not in REGISTRY
        unknown |= _wants_a_state(spec)
        if unknown and shapes:
            raise
    if unknown:
        return [(Bare(layer), "") for layer in filter_layers(spec, phase).layer], 1
    return [*((layer, "") for layer in before.layers), (Bare(failed), " ".join(str(error).split()))], before.items


def _wants_a_state(spec):
    """Are there layers that are in the net at some levels or stages alone, which a picture does not know?"""
    rules = [rule for layer in spec.layer for rule in (*layer.include, *layer.exclude)]
    fields = "min_level", "max_level", "stage", "not_stage"
    return any(field.name in fields for rule in rules for field, _ in rule.ListFields())


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
