"""LayerGallery: every neuron layer as a curve, and what it makes of an image."""

import math

import ipywidgets
import numpy as np

import cafe_edu.layers  # noqa: F401 (registers all types)
from cafe_edu.device import to_numpy
from cafe_edu.drawing.picture import BLUE, ORANGE, new_picture
from cafe_edu.drawing.settings import kind_of
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.layer import REGISTRY
from cafe_edu.net import Net
from cafe_edu.testing import make_layer
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.panel import Panel

#: type -> its options in prototxt, and for each number in them: its name, least, most and first value
SETTINGS = {
    "Clip": ("clip_param {{ min: {} max: {} }}", [("min", -3, 0, -1), ("max", 0, 3, 1)]),
    "Dropout": ("dropout_param {{ dropout_ratio: {} }}", [("dropout_ratio", 0, 0.95, 0.5)]),
    "ELU": ("elu_param {{ alpha: {} }}", [("alpha", 0, 3, 1)]),
    "Exp": ("exp_param {{ base: {} scale: {} }}", [("base", 1.1, 5, math.e), ("scale", -2, 2, 1)]),
    "Log": ("log_param {{ scale: {} shift: {} }}", [("scale", 0.1, 3, 1), ("shift", 0, 4, 0)]),
    "PReLU": ("prelu_param {{ filler {{ type: 'constant' value: {} }} }}", [("slope", -1, 1, 0.25)]),
    "Power": (
        "power_param {{ power: {} scale: {} shift: {} }}",
        [("power", 0, 4, 2), ("scale", -2, 2, 1), ("shift", -3, 3, 0)],
    ),
    "ReLU": ("relu_param {{ negative_slope: {} }}", [("negative_slope", 0, 1, 0)]),
    "Swish": ("swish_param {{ beta: {} }}", [("beta", 0, 5, 1)]),
    "Threshold": ("threshold_param {{ threshold: {} }}", [("threshold", -2, 2, 0)]),
}
REACH = 3.0  #: curves go from -REACH to REACH


class LayerGallery(Panel):
    """Every type of neuron layer: its curve y(x), its slope dy/dx, and what it makes of an image.

    What is shown is computed by the layers themselves. The image is stretched to go from -gain to gain, so that one
    sees what happens below zero. Dropout is shown as it trains, by chance.

    Parameters
    ----------
    net_or_input : Net or array (H, W) or (C, H, W), optional
        A net's first item, as its input holds it, or an image; of several channels the first. By default a digit.
    layer : str, optional
        The type that is shown at first.

    Attributes
    ----------
    types : list of str
        All registered types that take one number and make one, those of a net's own classes among them.
    """

    def __init__(self, net_or_input=None, layer="ReLU"):
        self.image, own = _image(net_or_input)
        self.classes = {name: cls for name, cls in (REGISTRY | own).items() if kind_of(name) == "neuron"}
        self.types = sorted(self.classes)
        if layer not in self.classes:
            raise NetError(f"no neuron layer {layer!r}; there are {', '.join(self.types)}")
        self.choice = ipywidgets.Dropdown(options=self.types, value=layer, description="type")
        self.gain = ipywidgets.FloatSlider(value=2, min=0.5, max=5, step=0.5, description="gain")
        self.sliders = ipywidgets.VBox()
        self.curve, self.before, self.after = Canvas(), Canvas(), Canvas()
        self.sliders.add_class("cafe-layer-gallery-sliders")
        self.curve.add_class("cafe-layer-gallery-curve")
        images = [ipywidgets.HTML("<b>x</b>"), self.before, ipywidgets.HTML("<b>y</b>"), self.after]
        row = ipywidgets.HBox([self.curve, ipywidgets.VBox(images)])
        super().__init__(ipywidgets.HBox([self.choice, self.gain]), self.sliders, row)
        self.on_change(self.choice, self._choose)
        self.on_change(self.gain, self.draw)
        self._choose()

    def through(self, name, x, spec=""):
        """Run numbers through a layer of some type.

        Parameters
        ----------
        name : str
        x : array
        spec : str
            Its options, in prototxt.

        Returns
        -------
        y, slope : arrays of the shape of x
            The slope is None where the type has no gradient.
        """
        x = np.asarray(x, float)
        with np.errstate(all="ignore"):  # a logarithm of a negative number is shown as a gap
            trial = make_layer(self.classes[name], x.reshape(1, 1, -1), spec=spec)
            y = trial.forward()[0].reshape(x.shape)
            try:
                slope = trial.backward(np.ones((1, 1, x.size)))[0].reshape(x.shape)
            except NetError:
                return y, None
        return y, np.where(np.isfinite(y), slope, np.nan)  # no slope where there is no y

    def spec(self):
        """What the sliders say, in prototxt."""
        return _spec(self.choice.value, [slider.value for slider in self.sliders.children])

    def draw(self):
        """Show the chosen type anew."""
        name, spec, g = self.choice.value, self.spec(), self.gain.value
        figure = new_picture(5, 4)
        figure.set_layout_engine(None)  # one curve has room enough, and is drawn in half the time
        self._curve(figure.subplots(), name, spec)
        self.curve.show(figure, f"the curve of {name}")
        x = g * self.image
        self.before.show_numbers(x, side=150, cmap="RdBu_r", limits=(-g, g))
        y, limits = _shown(self.through(name, x, spec)[0])
        self.after.show_numbers(y, side=150, cmap="RdBu_r", limits=limits)

    def show_static(self):
        """Return a Figure of all types, each with its first settings: curve and image."""
        columns = 4
        rows = math.ceil((len(self.types) + 1) / columns)
        picture = new_picture(3.2 * columns, 1.75 * rows)
        parts = picture.subfigures(rows, columns).ravel()
        g = self.gain.value
        left, right = parts[0].subplots(1, 2, width_ratios=[1.4, 1])
        left.plot([], color=BLUE, label="y(x)")
        left.plot([], color=ORANGE, linestyle="--", label="dy/dx")
        left.legend(frameon=False, loc="center", title="curves, and what\neach makes of x")
        left.set_axis_off()
        right.imshow(g * self.image, cmap="RdBu_r", vmin=-g, vmax=g)
        right.set_title("x", fontsize=9)
        right.set_axis_off()
        for part, name in zip(parts[1:], self.types, strict=False):
            spec = _spec(name, [first for *_, first in _settings(name)])
            left, right = part.subplots(1, 2, width_ratios=[1.4, 1])
            self._curve(left, name, spec, small=True)
            y, limits = _shown(self.through(name, g * self.image, spec)[0])
            right.imshow(y, cmap="RdBu_r", vmin=limits[0], vmax=limits[1])
            right.set_axis_off()
        return picture

    def _choose(self):
        """Make the sliders of the chosen type."""
        sliders = []
        for name, least, most, first in _settings(self.choice.value):
            slider = ipywidgets.FloatSlider(value=first, min=least, max=most, step=0.05, description=name)
            slider.style.description_width = "initial"
            self.on_change(slider, self.draw)
            sliders.append(slider)
        old, self.sliders.children = self.sliders.children, sliders
        for slider in old:
            slider.close()
        self.draw()

    def _curve(self, axes, name, spec, small=False):
        x = np.linspace(-REACH, REACH, 241)
        y, slope = self.through(name, x, spec)
        dots = {"marker": ".", "linestyle": "none", "markersize": 2} if name == "Dropout" else {}
        if slope is not None:
            axes.plot(x, slope, color=ORANGE, label="dy/dx", **({"linestyle": "--"} | dots))
        axes.plot(x, y, color=BLUE, label="y", **dots)
        axes.axhline(0, color="#888888", linewidth=0.6)
        axes.axvline(0, color="#888888", linewidth=0.6)
        axes.set_xlim(-REACH, REACH)
        axes.set_ylim(-REACH, REACH)
        axes.set_title(name if slope is not None else f"{name} (no gradient)", fontsize=9 if small else 12)
        if small:
            axes.tick_params(labelsize=7)
        else:
            axes.set_xlabel("x")
            axes.legend(frameon=False, loc="upper left")


def _settings(name):
    return SETTINGS[name][1] if name in SETTINGS else []


def _spec(name, values):
    return SETTINGS[name][0].format(*(f"{value:g}" for value in values)) if name in SETTINGS else ""


def _shown(y):
    """An image with what is not finite left out, and limits with 0 in their middle."""
    y = np.where(np.isfinite(y), y, np.nan)
    most = np.nanmax(np.abs(y)) if np.isfinite(y).any() else 1.0
    return y, (-(most or 1.0), most or 1.0)


def _image(given):
    """Return the image (H, W), from -1 to 1, and a net's own layer classes by type."""
    own = {}
    if given is None:
        from cafe_edu.data.digits import read_digits

        given = read_digits()[2][1]
    elif isinstance(given, Net):
        if not given.steps or not given.steps[0].top or len(given.steps[0].top[0].shape) != 4:
            raise NetError(f"expected a net that begins with images (N, C, H, W); {given.name!r} does not")
        own = {layer.type: type(layer) for layer in given.layers}
        given = to_numpy(given.steps[0].top[0].data)[0]
    image = np.asarray(given, float)
    if image.ndim == 3:
        image = image[0]
    if image.ndim != 2 or not image.size or not np.isfinite(image).all():
        raise ShapeError(f"expected an image (H, W) or (C, H, W) of finite numbers, found {np.shape(given)}")
    low, high = image.min(), image.max()
    return (2 * (image - low) / (high - low) - 1 if high > low else 0 * image), own
