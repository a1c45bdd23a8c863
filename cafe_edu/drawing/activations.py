"""What the net makes of an image: its feature maps, how large they are, and which units do nothing."""

import numpy as np
from matplotlib.ticker import NullLocator

from cafe_edu.device import to_numpy
from cafe_edu.drawing.mosaic import draw_images
from cafe_edu.drawing.picture import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    bars_by_layer,
    decades,
    decades_both_ways,
    grid_of_axes,
    new_picture,
    write_in_row,
)
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.measures.activations import activation_statistics, computed, dead_units
from cafe_edu.measures.own_blobs import own_blobs


def draw_activations(net, blob, item=0, title=None, figure=None):
    """Draw the channels of a blob for one item of the last batch, brighter for larger.

    Parameters
    ----------
    net : Net
        After ``net.forward``.
    blob : str
        Name of a blob (N, C, H, W), or of the layer that makes it.
    item : int
    title : str, optional
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    blob = {step.layer.name: step.top[0].name for step in net.steps if step.top}.get(blob, blob)
    if blob not in net.blobs:
        raise NetError(f"no blob {blob!r}; there are {', '.join(own_blobs(net))}")
    y = to_numpy(net.blobs[blob].data)
    if y.ndim != 4 or not 0 <= item < len(y):
        raise ShapeError(f"expected a blob of 4 axes and an item among its first axis, found {y.shape} and item {item}")
    title = f"{blob}: {y.shape[1]} maps of {y.shape[2]} x {y.shape[3]}" if title is None else title
    return draw_images(y[item], title, cmap="viridis", figure=figure)


def draw_activation_statistics(net, figure=None):
    """Draw, for each blob, the mean of its numbers, their standard deviation and the share of zeros.

    Parameters
    ----------
    net : Net
        After ``net.forward``.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    rows = activation_statistics(net)
    names = [row.blob for row in rows]
    figure = figure or new_picture(11, 1.6 + 0.24 * len(rows))
    left, middle, right = figure.subplots(1, 3, sharey=True)
    bars_by_layer(left, names, {"mean": [row.mean for row in rows]}, [BLUE])
    decades_both_ways(left, [row.mean for row in rows])
    left.axvline(0, color="gray", lw=0.8)
    left.set_title("mean")
    bars_by_layer(middle, names, {"std": [row.std for row in rows]}, [ORANGE])
    decades(middle, [row.std for row in rows])
    middle.set_title("spread (standard deviation)")
    bars_by_layer(right, names, {"zeros": [100 * row.zeros for row in rows]}, [GREEN])
    for i, row in enumerate(rows):
        if row.bad:
            write_in_row(right, i, f"{row.bad:,} nan or infinite")
    right.set_xlim(0, 100)
    right.set_title("zeros (%)")
    figure.suptitle(f"{net.name}: activations, blob by blob")
    return figure


def draw_activation_histograms(net, blobs=None, figure=None):
    """Draw how the numbers of each blob are spread; counts are on a log scale, zeros are counted in the title.

    Parameters
    ----------
    net : Net
        After ``net.forward``.
    blobs : list of str, optional
        Which blobs; by default all.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    found = computed(net)
    blobs = list(found) if blobs is None else blobs
    for blob in blobs:
        if blob not in found:
            raise NetError(f"no blob {blob!r}; there are {', '.join(found)}")
    figure = figure or new_picture(min(12, 3 * len(blobs) + 1), 0.6 + 2.1 * -(-len(blobs) // 4))
    for axes, blob in zip(grid_of_axes(figure, len(blobs)), blobs, strict=True):
        y = found[blob].ravel()
        some = y[(y != 0) & np.isfinite(y)]
        axes.stairs(*np.histogram(some, bins=40), fill=True, color=BLUE)
        axes.set_yscale("symlog", linthresh=1)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_title(f"{blob}: {y.size:,}, {100 * np.mean(y == 0):.0f} % zeros{_bad(y)}", fontsize=9)
        axes.tick_params(labelsize=7)
    figure.suptitle(f"{net.name}: activations that are not zero")
    return figure


def _bad(x):
    bad = x.size - np.count_nonzero(np.isfinite(x))
    return f", {bad:,} nan or infinite" if bad else ""


def draw_dead_units(net, images=None, figure=None):
    """Draw, for each layer that bends numbers, the share of units that do nothing on any of the images.

    Those are units of a ReLU (and its kin) that never fire, and units of a Sigmoid or TanH that are saturated always.
    The other panel has the share of all numbers that are off.

    Parameters
    ----------
    net, images
        See `cafe_edu.measures.activations.dead_units`.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    rows = dead_units(net, images)
    names = [f"{row.layer} ({row.type})" for row in rows]
    figure = figure or new_picture(10, 1.6 + 0.28 * len(rows))
    left, right = figure.subplots(1, 2, sharey=True)
    bars_by_layer(left, names, {"idle": [100 * row.share for row in rows]}, [RED])
    for i, row in enumerate(rows):
        left.text(100 * row.share + 1, i, f"{len(row.idle)} of {row.units}", va="center", fontsize=8)
    left.set_title("units that do nothing on any image (%)")
    bars_by_layer(right, names, {"off": [100 * row.numbers for row in rows]}, [BLUE])
    right.set_title("numbers that are zero or saturated (%)")
    left.set_xlim(0, 115)
    right.set_xlim(0, 100)
    return figure
