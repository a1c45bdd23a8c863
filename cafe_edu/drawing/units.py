"""What a layer made of one item: maps side by side, or numbers as sticks, whichever it made."""

import math

import numpy as np

from cafe_edu.drawing.mosaic import tile
from cafe_edu.drawing.picture import BLUE, ORANGE, RED, new_picture
from cafe_edu.errors import ShapeError


def draw_units(values, title="", unit=None, signed=None, figure=None):
    """Draw the units of a layer, each a map or a number.

    Parameters
    ----------
    values : array (C, H, W) or (C, ...)
        Without maps of their own, the C units are drawn as sticks.
    title : str
    unit : int, optional
        One of the C to mark.
    signed : bool, optional
        Blue below zero, white at zero, red above; else dark to bright from the smallest to the largest. By default,
        where both signs occur.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    values = np.asarray(values, float)
    if not values.ndim or not values.size:
        raise ShapeError(f"expected values (C, ...), at least one, found {values.shape}")
    if unit is not None and not 0 <= unit < len(values):
        raise ShapeError(f"expected a unit from 0 to {len(values) - 1}, found {unit}")
    figure = figure or new_picture(5, 4)
    axes = figure.subplots()
    axes.set_title(title)
    if values.ndim == 3 and values[0].size > 1:
        _maps(axes, values, unit, (values.min() < 0 < values.max()) if signed is None else signed, figure)
    else:
        _sticks(axes, values.ravel(), unit)
    return figure


def _maps(axes, values, unit, signed, figure):
    n, h, w = values.shape
    columns = math.ceil(math.sqrt(n))
    most = np.abs(values).max() or 1.0
    look = {"cmap": "RdBu_r", "vmin": -most, "vmax": most} if signed else {"cmap": "viridis"}
    image = axes.imshow(tile(values, columns), interpolation="nearest", **look)
    figure.colorbar(image, ax=axes, shrink=0.7, aspect=25)
    axes.set_axis_off()
    if unit is not None:
        y, x = unit // columns * (h + 1) - 1, unit % columns * (w + 1) - 1
        corners = np.array([(x, y), (x + w + 1, y), (x + w + 1, y + h + 1), (x, y + h + 1), (x, y)])
        axes.plot(*corners.T, color=RED, linewidth=2, clip_on=False)


def _sticks(axes, values, unit):
    axes.vlines(np.arange(len(values)), 0, values, color=BLUE, linewidth=max(0.5, min(6, 200 / len(values))))
    if unit is not None:
        axes.plot(unit, values[unit], "o", color=ORANGE, markeredgecolor="black", label=f"unit {unit}")
        axes.legend(frameon=False, loc="upper right")
    axes.axhline(0, color="#555555", linewidth=0.8)
    axes.set_xlabel("unit")
    axes.set_xlim(-1, len(values))
    if len(values) <= 12:
        axes.set_xticks(range(len(values)))
