"""DrawDigit: draw a digit, and see at every stroke what the net makes of it."""

import html

import ipywidgets
import numpy as np

from cafe_edu.data.centred import centre_ink
from cafe_edu.drawing.mosaic import tile
from cafe_edu.drawing.picture import BLUE, ORANGE, new_picture
from cafe_edu.drawing.units import draw_units
from cafe_edu.errors import DataError, NetError
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.glass_net import GlassNet
from cafe_edu.widgets.pad import Pad, stroke
from cafe_edu.widgets.panel import Panel

#: a pen's way through a 2: what is shown on paper where nobody has drawn
TWO = [(0.30, 0.30), (0.38, 0.20), (0.52, 0.17), (0.65, 0.23), (0.68, 0.36), (0.60, 0.50), (0.46, 0.64), (0.32, 0.78),
       (0.50, 0.77), (0.72, 0.77)]  # fmt: skip
MOST = 10  # classes that have a bar; of more, the likeliest


class DrawDigit(Panel):
    """A pad to draw a digit on, and what a net makes of it: the answer, and what one layer sees.

    What is drawn is scaled and centred as MNIST's digits are, whatever size the net's images have.

    Parameters
    ----------
    net : Net
        It takes one image of one channel, and ends with class scores. It is left alone; if it learns on, so does what
        is shown.
    layer : str, optional
        Whose units are shown at first; by default those of the first convolution.
    labels : sequence of str, optional
        Names of the classes.
    scale : float
        The net sees pixels from 0 to 255 times this.

    Attributes
    ----------
    pad : Pad
        ``pad.draw(ink)`` does what drawing does.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> from cafe_edu.demo import ZOO
    >>> widget = DrawDigit(Net(ZOO / "lenet" / "lenet.prototxt", rng=0))
    >>> widget.pad.draw(stroke([(0.5, 0.2), (0.5, 0.8)]))  # a 1
    >>> widget.probabilities().shape
    (10,)
    """

    def __init__(self, net, layer=None, labels=None, scale=1 / 256):
        self.glass, self.scale = GlassNet(net), scale
        if len(self.glass.shape) != 3 or self.glass.shape[0] != 1:
            found = f"{self.glass.input!r} {self.glass.shape}"
            raise NetError(f"expected a net for images of one channel, (1, H, W), found {found}")
        self.glass.look(np.zeros(self.glass.shape))
        count = len(self.glass.probabilities())
        self.labels = [str(label) for label in (range(count) if labels is None else labels)]
        if len(self.labels) != count:
            raise DataError(f"expected {count} labels, one for each class, found {len(self.labels)}")
        names = list(self.glass.layers)
        if layer is None:
            layer = next((one.name for one in self.glass.net.layers if one.type == "Convolution"), names[-1])
        self.glass.layer(layer)
        self.pad, self.seen, self.bars, self.maps = Pad(), Canvas(), ipywidgets.HTML(), Canvas()
        self.choice = ipywidgets.Dropdown(options=names, value=layer, layout=ipywidgets.Layout(width="200px"))
        self.bars.add_class("cafe-draw-digit-bars")
        self.maps.add_class("cafe-draw-digit-maps")
        parts = [
            _titled("draw a digit", self.pad),
            _titled("what the net sees", self.seen),
            _titled("what it says", self.bars),
            _titled("what a layer makes of it", self.choice, self.maps),
        ]
        super().__init__(ipywidgets.HBox(parts, layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="12px")))
        self.on_change(self.pad, self.answer, "pixels")
        self.on_change(self.choice, self.answer)
        self.answer()

    def image(self, ink=None):
        """Return the image (1, H, W) that the net sees of some ink, by default that on the pad."""
        ink = self.pad.ink() if ink is None else ink
        return centre_ink(ink, self.glass.shape[1:])[np.newaxis] * np.float32(self.scale)

    def probabilities(self):
        """Return what the net says of the ink on the pad, (classes,)."""
        self.glass.look(self.image())
        return self.glass.probabilities()

    def answer(self):
        """Ask the net anew and show what it says."""
        image = self.image()
        self.glass.look(image)
        values = self.glass.made_by(self.choice.value)
        grey = {"cmap": "gray", "limits": (0, 255 * self.scale)}
        self.seen.show_numbers(image[0], side=140, text="the drawing, centred", **grey)
        self.bars.value = self._bars_as_html(self.glass.probabilities(), image.any())
        sheet = tile(values, gap=1) if values.ndim == 3 else tile(values.reshape(-1, 1, 1), gap=0)
        most, signed = np.nanmax(np.abs(sheet)), np.nanmin(sheet) < 0 < np.nanmax(sheet)
        look = {"cmap": "RdBu_r", "limits": (-most, most)} if signed else {}
        self.maps.show_numbers(sheet, side=280, text=f"{len(values)} units of layer {self.choice.value}", **look)

    def show_static(self, ink=None):
        """Return a Figure of some ink, what the net answers, and what the chosen layer makes of it.

        Parameters
        ----------
        ink : array (H, W), optional
            0 for paper, positive for ink; by default what was drawn last or, if nothing was, a 2.
        """
        if ink is None:
            ink = self.pad.ink() if self.pad.ink().any() else stroke(TWO)
        return self._figure(self.image(ink))

    def _figure(self, image):
        self.glass.look(image)
        picture = new_picture(9, 3.4)
        left, middle, right = picture.subfigures(1, 3, width_ratios=[2, 2.6, 3.4])
        p, drawn = self.glass.probabilities(), image.any()
        axes = left.subplots()
        axes.imshow(image[0], cmap="gray", vmin=0, vmax=255 * self.scale, interpolation="nearest")
        axes.set_title("what the net sees")
        axes.set_axis_off()
        self._bars(middle.subplots(), p, drawn)
        name = self.choice.value
        values = self.glass.made_by(name)
        draw_units(values, f"{name}: {' x '.join(map(str, values.shape))}", figure=right)
        return picture

    def _bars(self, axes, p, drawn):
        shown = self._shown(p)
        axes.barh(range(len(shown)), p[shown] * drawn, color=[ORANGE if i == p.argmax() else BLUE for i in shown])
        axes.set_yticks(range(len(shown)), [self.labels[i] for i in shown])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xlabel("probability")
        axes.set_title(self._words(p, drawn))

    def _bars_as_html(self, p, drawn):
        rows = []
        for i in self._shown(p):
            part, colour = p[i] * drawn, ORANGE if i == p.argmax() else BLUE
            bar = f'<div style="width:{100 * part:.1f}%; height:14px; background:{colour}"></div>'
            rows.append(
                f'<tr><td style="text-align:right">{html.escape(self.labels[i])}</td>'
                f'<td style="width:150px; border-left:1px solid #888">{bar}</td><td>{part:.0%}</td></tr>'
            )
        words = html.escape(self._words(p, drawn))
        return f'<div aria-live="polite"><b>{words}</b></div><table style="line-height:1.2">{"".join(rows)}</table>'

    def _shown(self, p):
        """The classes that have a bar, in their order."""
        return np.sort(np.argsort(-p, kind="stable")[:MOST])

    def _words(self, p, drawn):
        return f"{self.labels[p.argmax()]}, {p.max():.0%} sure" if drawn else "nothing is drawn yet"


def _titled(title, *parts):
    return ipywidgets.VBox([ipywidgets.HTML(f"<b>{title}</b>"), *parts])
