"""The paper that every figure is drawn on."""

import io
import math
import pathlib

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cafe_edu.files import replacing

BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"  #: told apart by colour-blind eyes (Okabe, Ito)
PURPLE, SKY, BLACK = "#cc79a7", "#56b4e9", "#000000"
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK)  #: of curves in one picture


class Picture(Figure):
    """A matplotlib Figure that a notebook shows by itself, the same bytes at every run; no window, no global state."""

    def _repr_png_(self):
        data = io.BytesIO()
        self.savefig(data, format="png", metadata={"Software": None})
        return data.getvalue()


def new_picture(width=8, height=4.5, dpi=80, layout="constrained"):
    """Return an empty figure of ``width`` x ``height`` inches; layout "none" is by hand, and drawn sooner."""
    picture = Picture(figsize=(width, height), dpi=dpi, layout=layout)
    FigureCanvasAgg(picture)
    return picture


def save_picture(figure, path):
    """Write a figure to a file (.png, .svg, .pdf), whole or not at all; the same bytes at every run."""
    import matplotlib

    path = pathlib.Path(path)
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with replacing(path) as new, matplotlib.rc_context({"svg.hashsalt": "cafe_edu"}):
        figure.savefig(new, metadata=metadata.get(path.suffix.lower()))


def bars_by_layer(axes, names, parts, colors):
    """Draw one horizontal bar for each layer, the first on top, made of parts that stand one behind the other.

    Parameters
    ----------
    axes : Axes
    names : list of str
        Of the layers; two may have one name.
    parts : dict of str -> sequence of float
        What a part is called, and its length in each bar. With several there is a legend.
    colors : sequence of str
        One for each part.
    """
    places, start = range(len(names)), [0.0] * len(names)
    for (label, lengths), color in zip(parts.items(), colors, strict=True):
        axes.barh(places, lengths, left=start, color=color, label=label)
        start = [a + b for a, b in zip(start, lengths, strict=True)]
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)  # the first layer on top
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    if len(parts) > 1:
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def decades(axes, numbers):
    """Make x a log scale, from the power of ten below the least of the positive numbers to that above the greatest."""
    from matplotlib.ticker import NullFormatter

    numbers = [number for number in numbers if 0 < number < math.inf]
    if numbers:
        least, greatest = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(10.0**least / 1.1, 10.0 ** max(greatest, least + 1) * 1.1)


def decades_both_ways(axes, numbers):
    """Make x a scale for numbers on both sides of zero: log for the upper two powers of ten, even below them."""
    most = max((abs(number) for number in numbers if math.isfinite(number)), default=0) or 1.0
    top = 10.0 ** math.floor(math.log10(most))
    axes.set_xscale("symlog", linthresh=top / 10)
    axes.set_xticks([-top, -top / 10, 0, top / 10, top])
    low, high = (-1.1 * most if any(x < 0 for x in numbers) else 0), (1.1 * most if any(x > 0 for x in numbers) else 0)
    axes.set_xlim((low, high) if low < high else (0, 1))


def write_in_row(axes, place, text):
    """Write in a row of a chart of layers, where there is no number to draw."""
    axes.text(0.5, place, text, transform=axes.get_yaxis_transform(), va="center", ha="center", fontsize=8)


def grid_of_axes(figure, count, columns=4):
    """Divide a figure into ``count`` axes, row by row; those left over are not shown."""
    columns = min(columns, count)
    every = figure.subplots(-(-count // columns), columns, squeeze=False).ravel()
    for axes in every[count:]:
        axes.set_axis_off()
    return every[:count]
