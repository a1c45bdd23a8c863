"""The views of an X-ray: what can be shown of one layer, one unit, one item."""

import dataclasses
import math

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.drawing.mosaic import draw_images
from cafe_edu.drawing.picture import BLUE, ORANGE
from cafe_edu.drawing.receptive_field import draw_receptive_field
from cafe_edu.drawing.top_images import draw_top_images
from cafe_edu.drawing.units import draw_units
from cafe_edu.errors import DataError, NetError
from cafe_edu.insight import receptive_field
from cafe_edu.widgets.glass_net import GlassNet
from cafe_edu.widgets.kept import Kept
from cafe_edu.widgets.layer_profile import profile
from cafe_edu.widgets.uphill import STEPS, Uphill

MANY = 128  #: statistics and top images are of so many items at most


@dataclasses.dataclass
class Exposure:
    """What is looked at: a layer and one of its units, an item of the data."""

    glass: GlassNet
    kept: Kept  # of that net
    items: np.ndarray  # as the net takes them
    labels: np.ndarray | None
    layer: str
    unit: int = 0
    item: int = 0
    patience: float = math.inf  # seconds: what comes in parts may be shown after so long
    unfinished: bool = False  # more parts are to come

    @property
    def x(self):
        return self.items[self.item]

    def look(self):
        """Run the item through the net."""
        self.glass.look(self.x)

    def check(self):
        """Raise an error of one line for a layer, unit or item that is not there."""
        self.glass.layer(self.layer)
        units = self.units()
        if not 0 <= self.unit < units:
            raise NetError(f"expected a unit from 0 to {units - 1} of layer {self.layer!r}, found {self.unit}")
        if not 0 <= self.item < len(self.items):
            raise DataError(f"expected an item from 0 to {len(self.items) - 1} of the data, found {self.item}")

    def shape(self):
        """Return the shape of what the layer makes of one item."""
        return self.glass.net.blobs[self.glass.layers[self.layer]].shape[1:]

    def units(self):
        """How many units the layer has: its channels."""
        return self.shape()[0] if self.shape() else 1

    def profile(self):
        """Return the `LayerProfile` of what the layer makes of many items."""
        items = self.items[:MANY]
        return self.kept.get(("profile", self.layer), lambda: profile(self.glass.net, self.layer, items, self.shape()))


def parameters(seen, figure):
    """Kernels as tiles, the weights of an inner product's unit laid out as what it reads, other numbers as sticks."""
    blobs = seen.glass.layer(seen.layer).params
    if not blobs:
        there = ", ".join(seen.glass.net.params) or "none"
        raise NetError(f"layer {seen.layer!r} has no parameters; layers that have: {there}")
    W = to_numpy(blobs[0].data)
    title = f"{seen.layer}: {' x '.join(map(str, W.shape)) or '1'} weights"
    if W.ndim == 4 and W.shape[1] == 1:
        return draw_units(W[:, 0], title, min(seen.unit, len(W) - 1), signed=True, figure=figure)
    if W.ndim not in (2, 4):
        return draw_units(W.ravel(), title, figure=figure)
    row = W[min(seen.unit, len(W) - 1)]
    step = next(step for step in seen.glass.net.steps if step.layer.name == seen.layer)
    shape = step.bottom[0].shape[1:]
    row = row.reshape(shape) if len(shape) == 3 and row.size == np.prod(shape) else row
    return draw_units(row, f"{title}\nthose of unit {seen.unit}", signed=True, figure=figure)


def activations(seen, figure):
    """What the layer makes of the item."""
    seen.look()
    values = seen.glass.made_by(seen.layer)
    return draw_units(values, f"{seen.layer}: {_shape(values)} activations", seen.unit, figure=figure)


def gradients(seen, figure):
    """The slopes of the item's loss along what the layer makes: red, where more would raise the loss."""
    if seen.labels is None:
        raise DataError("gradients need labels, and the data are images alone: give (images, labels)")
    seen.look()
    label = int(seen.labels[seen.item])
    seen.glass.look_back(label)
    title = f"{seen.layer}: slope of the loss, label {label}"
    return draw_units(seen.glass.slope_at(seen.layer), title, seen.unit, signed=True, figure=figure)


def statistics(seen, figure):
    """How the layer's numbers lie over many items, and each unit's mean and spread."""
    many, (above, below) = seen.profile(), figure.subplots(2, 1)
    mean, spread = many.mean, many.spread
    above.stairs(np.log10(np.maximum(many.counts, 1)), many.edges, fill=True, color=BLUE)
    above.set_title(f"{seen.layer}: activations of {len(many.values)} items")
    above.set_xlabel(f"{many.zeros:.0%} are 0; {many.never} of {len(mean)} units are never above 0")
    above.set_ylabel("log10 of how many")
    width = max(0.5, min(6, 200 / len(mean)))
    below.vlines(range(len(mean)), mean - spread, mean + spread, color=BLUE, linewidth=width)
    below.plot(mean, ".", color="black", markersize=width, label="mean, and spread around it")
    below.plot(seen.unit, mean[seen.unit], "o", color=ORANGE, markeredgecolor="black", label=f"unit {seen.unit}")
    below.set_xlabel("unit")
    below.legend(fontsize=8, frameon=False)
    return figure


def field(seen, figure):
    """The part of the item that the unit sees, at the place where it is most excited."""
    seen.look()
    values = seen.glass.made_by(seen.layer)
    y, x = 0, 0
    if values.ndim == 3:
        y, x = map(int, np.unravel_index(values[seen.unit].argmax(), values[seen.unit].shape))
    draw_receptive_field(seen.glass.net, seen.layer, y, x, seen.x, figure=figure)
    left, right = figure.get_axes()
    h, w = receptive_field(seen.glass.net, seen.layer).size
    place = f"largest at row {y}, column {x}" if values.ndim == 3 else "one number for the whole image"
    left.set_title(f"unit {seen.unit} of {seen.layer}\n{place}", fontsize=10)
    right.set_title(f"where it sees\n{h} x {w} pixels", fontsize=10)
    return figure


def top(seen, figure):
    """The items that excite the unit most."""
    names = None if seen.labels is None else [f"{i}, label {label}" for i, label in enumerate(seen.labels[:MANY])]
    largest = seen.profile().values, seen.profile().places
    return draw_top_images(
        seen.glass.net, seen.layer, seen.unit, seen.items[:MANY], n=4, names=names, largest=largest, figure=figure
    )


def excites(seen, figure):
    """What the unit sees of an image made to excite it, by walking uphill; of a map, the unit in the middle."""
    net, target, jitter = seen.glass.net, (seen.layer, seen.unit), 2
    seen.look()
    shape = seen.shape()
    if len(shape) == 3 and shape[1] * shape[2] > 1:
        target, jitter = (*target, shape[1] // 2, shape[2] // 2), 0
    limits = float(seen.items.min()), float(seen.items.max())
    walk = seen.kept.get(target, lambda: Uphill(net, target, limits, jitter))
    x, seen.unfinished = (walk if walk.ended else walk.go(seen.patience)).x, not walk.ended
    before = seen.glass.made_by(seen.layer)[target[1:]]
    seen.glass.look(x)
    after = seen.glass.made_by(seen.layer)[target[1:]]
    steps = "" if walk.ended else f", after {walk.gone} of {STEPS} steps"
    title = f"what excites unit {seen.unit} of {seen.layer}{steps}\n{after:.3g}; item {seen.item} there: {before:.3g}"
    if x.ndim != 3 or len(x) not in (1, 3):
        return draw_units(x, title, figure=figure)
    box = receptive_field(net, seen.layer).of(*target[2:]).clipped
    return draw_images(box.of(x)[np.newaxis], title, limits=limits, figure=figure)


def _shape(values):
    return " x ".join(map(str, values.shape)) or "1"


#: name -> function (Exposure, figure) that draws it
VIEWS = {
    "parameters": parameters,
    "activations": activations,
    "gradients": gradients,
    "statistics": statistics,
    "receptive field": field,
    "top images": top,
    "what excites it": excites,
}
