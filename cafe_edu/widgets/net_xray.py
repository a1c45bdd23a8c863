"""NetXray: look into a net, layer by layer, unit by unit, on your own data."""

import asyncio
import dataclasses
import html
import math

import ipywidgets
import numpy as np
from IPython import get_ipython
from tqdm.auto import tqdm

from cafe_edu.drawing.graph import draw_graph
from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.units import draw_units
from cafe_edu.errors import CafeError, DataError, NetError
from cafe_edu.widgets.canvas import Canvas, png
from cafe_edu.widgets.glass_net import GlassNet
from cafe_edu.widgets.kept import Kept
from cafe_edu.widgets.panel import Panel
from cafe_edu.widgets.xray_views import VIEWS, Exposure

PATIENCE = 0.07  #: seconds of a long search before it is shown how far it got
HEIGHT = "430px"  #: of the graph and the list of layers


class NetXray(Panel):
    """A net that one can look into: choose a layer, a unit, an item, and what to see of it.

    There are its parameters, its activations, the slopes of the loss, its statistics, what it can see of the image,
    the items that excite a unit most, and an image made to excite it.

    Parameters
    ----------
    net : Net
        It is left alone; if it learns on, so does what is shown.
    data : array (N, ...) or (array, labels)
        Items as the net takes them, with their classes (N,) if there are some. Whole numbers are pixels, and multiplied
        by ``scale``.
    layer : str, optional
        What is shown first; by default the first layer with parameters.
    scale : float

    Examples
    --------
    >>> from cafe_edu import Net
    >>> from cafe_edu.demo import ZOO
    >>> xray = NetXray(Net(ZOO / "lenet" / "lenet.prototxt", rng=0), np.zeros((5, 1, 28, 28)))
    >>> xray.choose(layer="conv2", unit=49, view="receptive field")
    >>> xray.choose(layer="conv2", unit=50)
    Traceback (most recent call last):
      ...
    cafe_edu.errors.NetError: expected a unit from 0 to 49 of layer 'conv2', found 50
    """

    _next = None  # for `close`, which is also called where `__init__` came to no end

    def __init__(self, net, data, layer=None, scale=1 / 256):
        bar = tqdm(desc="looking into the net", total=3, delay=1, leave=False)  # shown if it takes longer than that
        glass = GlassNet(net)
        bar.update()
        items, labels = _items(data, glass, scale)
        if layer is None:
            layer = next(iter([*glass.net.params, *glass.layers]))
        self.seen = Exposure(glass, Kept(glass.net), items, labels, layer)
        self.seen.check()
        self.graph, self.picture = Canvas(), Canvas()
        self.layers = ipywidgets.Select(options=_lines(glass), value=layer, rows=min(20, max(4, len(glass.layers))))
        self.view = ipywidgets.Dropdown(options=list(VIEWS), value="activations", description="show")
        self.item = ipywidgets.IntSlider(max=len(items) - 1, description="item")
        self.unit = ipywidgets.IntSlider(max=self.seen.units() - 1, description="unit")
        self.answer, self.progress = ipywidgets.HTML(), ipywidgets.Output()
        self.layers.layout = ipywidgets.Layout(width="280px")
        scroll = ipywidgets.Layout(max_height=HEIGHT, overflow="auto", min_width="165px")
        right = ipywidgets.VBox([self.view, self.item, self.unit, self.answer, self.progress, self.picture])
        right.layout.width = "475px"  # whether or not a bar is shown
        parts = [ipywidgets.VBox([self.graph], layout=scroll), self.layers, right]
        super().__init__(ipywidgets.HBox(parts, layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="8px")))
        self.picture.add_class("cafe-net-xray-picture")
        self.item.add_class("cafe-net-xray-item")
        self.answer.add_class("cafe-net-xray-answer")
        self.add_class("cafe-net-xray")
        self.graph.show(draw_graph(glass.net.spec, "TEST"), f"the graph of {net.name or 'the net'}")
        self.graph.layout.width = "160px"
        bar.update()
        self._choosing = False
        for control in (self.layers, self.view, self.item, self.unit):
            self.on_change(control, self._choice)
        self.guarded(self.draw)()
        bar.update()
        bar.close()

    def choose(self, layer=None, unit=None, item=None, view=None):
        """Choose what the controls choose; what is not given stays.

        Raises
        ------
        CafeError
            For what is not there; it lists what there is.
        """
        if view is not None and view not in VIEWS:
            raise NetError(f"no view {view!r}; there are {', '.join(VIEWS)}")
        old, seen = self.seen, self.seen
        layer = seen.layer if layer is None else layer
        unit = (seen.unit if layer == seen.layer else 0) if unit is None else unit
        item = seen.item if item is None else item
        self.seen = dataclasses.replace(seen, layer=layer, unit=unit, item=item)
        try:
            self.seen.check()
        except CafeError:
            self.seen = old
            raise
        self._choosing = True  # the controls follow, and shall not choose in their turn
        try:
            self.layers.value = layer
            self.unit.max = max(self.seen.units() - 1, 0)
            self.unit.value, self.item.value = unit, self.seen.item
            self.view.value = self.view.value if view is None else view
        finally:
            self._choosing = False
        self.draw()

    def draw(self):
        """Show the chosen view anew; what cannot be shown is said in its place, and raised.

        What takes long comes in parts: in a kernel the next one as soon as the kernel has nothing else to do.
        """
        loop = _running_loop()
        self._stop()
        self.seen.patience, self.seen.unfinished = PATIENCE if loop else math.inf, False
        self.seen.look()
        self.answer.value = f'<span aria-live="polite">{html.escape(self._says())}</span>'
        try:
            self.picture.show(self._watched(self.view.value), f"{self.view.value} of layer {self.seen.layer}")
        except CafeError as error:
            self.picture.show(_words(error.one_line()))
            raise
        if self.seen.unfinished:
            self._next = loop.call_later(0.001, self.guarded(self.draw))

    def _stop(self):
        """What was to be done next is not."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def close(self):
        """Close the widget; a search under way ends."""
        self._stop()
        super().close()

    def show_static(self):
        """Return one Figure of the chosen layer, unit and item: the graph, and all views."""
        picture = new_picture(18, 9.5)
        left, right = picture.subfigures(1, 2, width_ratios=[1, 5])
        axes = left.subplots()
        axes.imshow(_pixels(draw_graph(self.seen.glass.net.spec, "TEST")))
        axes.set_axis_off()
        seen = dataclasses.replace(self.seen, patience=math.inf)
        seen.look()
        right.suptitle(f"layer {seen.layer}, unit {seen.unit}; {self._says()}")
        parts = right.subfigures(2, 4).ravel()
        draw_units(seen.x, f"item {seen.item}", signed=False, figure=parts[-1])
        for part, (name, view) in zip(parts, VIEWS.items(), strict=False):
            try:
                view(seen, part)
            except CafeError as error:
                _words(f"no {name}: {error.one_line()}", part)
        return picture

    def _choice(self):
        """What the controls say, after one of them moved."""
        if not self._choosing:
            other = self.layers.value != self.seen.layer
            self.choose(self.layers.value, 0 if other else self.unit.value, self.item.value)

    def _watched(self, view):
        """Draw a view; a bar of what takes long appears in the widget."""
        failed, figure = None, new_picture(6.4, 4.6)
        figure.set_layout_engine(None)  # to find the best places takes as long as all the rest
        figure.subplots_adjust(left=0.11, right=0.97, bottom=0.11, top=0.84, hspace=0.55)
        with self.progress:  # which would print an error and go on
            try:
                VIEWS[view](self.seen, figure)
            except Exception as error:
                failed = error
        if get_ipython() is not None:  # without a kernel there is nothing to clear, and it would print
            self.progress.clear_output()
        if failed is not None:
            raise failed
        return figure

    def _says(self):
        """The item, its label, and what the net says of it."""
        seen = self.seen
        text = f"item {seen.item}" if seen.labels is None else f"item {seen.item}, label {seen.labels[seen.item]}"
        if seen.glass.scores is None:
            return text
        p = seen.glass.probabilities()
        return f"{text}: the net says {p.argmax()}, {p.max():.0%} sure"


def _running_loop():
    """Return the loop in which a kernel answers one message after the other; None where there is no kernel."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _items(data, glass, scale):
    """Return items as the net takes them, and their labels or None."""
    items, labels = data if isinstance(data, tuple | list) and len(data) == 2 else (data, None)
    items = np.asarray(items)
    if items.ndim < 1 or items.shape[1:] != glass.shape or not len(items):
        shape = ", ".join(map(str, glass.shape))
        raise DataError(f"expected items (N, {shape}) for {glass.input!r}, at least one, found {items.shape}")
    if labels is not None:
        labels = np.asarray(labels).astype(int).ravel()
        if len(labels) != len(items):
            raise DataError(f"expected {len(items)} labels, one for each item, found {len(labels)}")
    return (items * np.float32(scale) if items.dtype.kind in "iu" else items), labels


def _lines(glass):
    """What the list says of each layer, with its name."""
    lines = []
    for name, blob in glass.layers.items():
        layer, shape = glass.layer(name), glass.net.blobs[blob].shape[1:]
        count = sum(one.count for one in layer.params)
        text = f"{name} · {layer.type} · {' x '.join(map(str, shape)) or '1'}"
        lines.append((f"{text} · {count:,}" if count else text, name))
    return lines


def _words(text, figure=None):
    figure = figure or new_picture(6.4, 4.6)
    figure.text(0.5, 0.5, text, ha="center", va="center", wrap=True, fontsize=10)
    return figure


def _pixels(figure):
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png(figure, 100))))
