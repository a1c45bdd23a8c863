"""What each layer of a net costs: time and memory as measured; parameters, multiply-adds and numbers as counted."""

import math

import numpy as np
from matplotlib.ticker import EngFormatter

from cafe_edu.drawing.picture import BLUE, GREEN, ORANGE, PURPLE, bars_by_layer, new_picture
from cafe_edu.errors import NetError
from cafe_edu.outline import outline


def draw_profile(profile, figure=None):
    """Draw, left, the milliseconds of each layer forward and back; right, its memory.

    Parameters
    ----------
    profile : Profile
        What ``net.profile()`` returned.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    if not profile:
        raise NetError("the profile has no layers to draw")
    figure = figure or new_picture(11, 1.6 + 0.24 * len(profile))
    left, right = figure.subplots(1, 2)
    names = [record.name for record in profile]
    ways = {"forward": BLUE, "backward": ORANGE}
    bars_by_layer(left, names, {way: [r.mean(way) for r in profile] for way in ways}, ways.values())
    left.set_xlabel("milliseconds")
    left.set_title(f"time: {profile.total('forward'):.3g} ms forward, {profile.total('backward'):.3g} ms backward")
    parts = {"data": "data_bytes", "diff": "diff_bytes", "parameters": "param_bytes"}
    memory = {label: np.array([getattr(r, part) for r in profile]) / 2**20 for label, part in parts.items()}
    bars_by_layer(right, names, memory, (BLUE, ORANGE, GREEN))
    right.set_xlabel("MiB")
    right.set_title(f"memory: {sum(sum(values) for values in memory.values()):.3g} MiB")
    return figure


def draw_costs(spec, phase="TEST", shapes=None, figure=None):
    """Draw what the layers of a net cost, from its prototxt alone: parameters, multiply-adds, numbers made.

    Multiply-adds and numbers are those of one item. A layer in place makes no numbers of its own; what costs nothing is
    left out.

    Parameters
    ----------
    spec, phase, shapes
        As in `cafe_edu.outline.outline`.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    net = outline(spec, phase, shapes)
    if not net.layers:
        raise NetError(f"net {net.name!r} has no layers to draw")
    made = [0 if layer.in_place else sum(map(math.prod, layer.top.values())) // net.items for layer in net.layers]
    costs = np.array([[y.param_count, y.multiply_adds // net.items, n] for y, n in zip(net.layers, made, strict=True)])
    some = costs.any(axis=1)
    names = [layer.spec.name for layer, shown in zip(net.layers, some, strict=True) if shown]
    figure = figure or new_picture(12, 1.6 + 0.24 * len(names))
    titles = "parameters", "multiply-adds an item", "activations an item"
    totals = net.param_count, net.multiply_adds // net.items, sum(made)
    panels = figure.subplots(1, 3, sharey=True)
    for i, (axes, title, total, color) in enumerate(zip(panels, titles, totals, (BLUE, ORANGE, PURPLE), strict=True)):
        bars_by_layer(axes, names, {title: costs[some, i]}, [color])
        axes.xaxis.set_major_formatter(EngFormatter())
        axes.set_title(f"{title}: {total:,}")
    figure.suptitle(net.name)
    return figure
