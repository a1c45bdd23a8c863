"""What a net has learned: its filters, how its weights are spread, and how far they have moved."""

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.drawing.mosaic import displayed, draw_images, show_tiles
from cafe_edu.drawing.picture import BLUE, ORANGE, bars_by_layer, grid_of_axes, new_picture, write_in_row
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.measures.weights import check_params, earlier, weight_change, weight_norms


def draw_filters(net, layer, title=None, figure=None, first=64):
    """Draw the filters of a convolution: each kernel a tile, blue below zero, white at zero, red above.

    Filters with three channels are drawn in colour; with any other number, one row for each output, one tile for
    each channel.

    Parameters
    ----------
    net : Net
    layer : str
        Name of a layer whose weight has 4 axes.
    title : str, optional
    figure : Figure or SubFigure, optional
    first : int
        Of more filters or channels the first so many are drawn.

    Returns
    -------
    Figure
    """
    if layer not in net.params:
        raise NetError(f"no layer {layer!r} with parameters; there are {', '.join(net.params) or 'none'}")
    W = to_numpy(net.params[layer][0].data)
    if W.ndim != 4:
        raise ShapeError(f"expected a weight of 4 axes to draw as filters, {layer!r} has {W.shape}")
    title = _title(layer, W, first) if title is None else title
    if W.shape[1] == 3:
        return draw_images(W[:first], title, figure=figure)
    W = W[:first, :first]
    most = _largest(W)
    columns = None if W.shape[1] == 1 else W.shape[1]
    tiles = W.reshape(-1, *W.shape[2:])
    if columns and figure is None:  # as wide and high as the grid, within what a page holds
        steep = len(W) * (W.shape[2] + 1) / (columns * (W.shape[3] + 1))
        figure = new_picture(min(8, max(3.5, 12 / steep)), min(12, 8 * steep) + 0.4)
    return draw_images(tiles, title, columns, cmap="RdBu_r", limits=(-most, most), figure=figure)


def _title(layer, W, first):
    text = f"{layer}: {W.shape[0]} filters of {W.shape[2]} x {W.shape[3]}"
    text += f", {W.shape[1]} channels" if W.shape[1] not in (1, 3) else ""
    if W.shape[0] > first or (W.shape[1] > first and W.shape[1] != 3):
        text += f"; the first {first} of each" if W.shape[1] > first else f"; the first {first}"
    return text


def draw_weight_histograms(net, layers=None, figure=None):
    """Draw how the weights of each layer are spread: a histogram, with their mean and standard deviation.

    Parameters
    ----------
    net : Net
    layers : list of str, optional
        Which layers; by default all that have parameters.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    check_params(net)
    layers = list(net.params) if layers is None else layers
    for layer in layers:
        if layer not in net.params:
            raise NetError(f"no layer {layer!r} with parameters; there are {', '.join(net.params)}")
    figure = figure or new_picture(min(12, 3 * len(layers) + 1), 0.6 + 2.2 * -(-len(layers) // 4))
    for axes, layer in zip(grid_of_axes(figure, len(layers)), layers, strict=True):
        W = to_numpy(net.params[layer][0].data).ravel()
        W, size = W[np.isfinite(W)], W.size
        axes.stairs(*np.histogram(W, bins=min(50, max(5, W.size // 5))), fill=True, color=BLUE)
        axes.axvline(0, color="gray", lw=0.8, ls=":")
        said = f"mean {W.mean():.2g}, std {W.std():.2g}" if W.size == size else f"{size - W.size:,} nan or infinite"
        axes.set_title(f"{layer}: {size:,}\n{said}", fontsize=9)
        axes.tick_params(labelsize=7)
    figure.suptitle(f"{net.name}: weights")
    return figure


def draw_weight_norms(net, figure=None):
    """Draw how large the parameters of each layer are: left the L2 norm, right the size of one number.

    Parameters
    ----------
    net : Net
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    norms = weight_norms(net)
    names = [f"{one.layer} {'x'.join(map(str, one.shape))}" for one in norms]
    figure = figure or new_picture(10, 1.4 + 0.24 * len(norms))
    left, right = figure.subplots(1, 2, sharey=True)
    bars_by_layer(left, names, {"norm": [one.norm for one in norms]}, [BLUE])
    left.set_title("L2 norm")
    bars_by_layer(right, names, {"rms": [one.rms for one in norms]}, [ORANGE])
    right.set_title("size of one number (root mean square)")
    return figure


def draw_weight_change(net, before, layer=None, first=8, figure=None):
    """Draw how far the weights have moved: by layer; and some filters as they were, as they are, and the difference.

    Parameters
    ----------
    net : Net
    before : path, Net, or dict of str -> list of arrays
        See `cafe_edu.measures.weights.weight_change`.
    layer : str, optional
        Whose filters; by default the first layer with any. Of several channels, unless three, the first is drawn.
    first : int
        How many filters.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    old = earlier(net, before)
    changes = weight_change(net, old)
    filters = [name for name in old if old[name][0].ndim == 4]
    if layer is not None and layer not in filters:
        raise NetError(f"no layer {layer!r} with filters before and now; there are {', '.join(filters) or 'none'}")
    layer = layer or next(iter(filters), None)
    figure = figure or new_picture(11, max(4, 1.4 + 0.24 * len(changes)))
    left, right = figure.subfigures(1, 2) if layer else (figure, None)
    axes = left.subplots()
    percent = [100 * one.relative if np.isfinite(one.relative) else 0.0 for one in changes]
    bars_by_layer(axes, [one.layer for one in changes], {"moved": percent}, [BLUE])
    for i, one in enumerate(changes):
        if not np.isfinite(one.relative):
            write_in_row(axes, i, "all was zero before" if one.before == 0 else "nan or infinite")
    axes.set_xlabel("% of the norm before")
    axes.set_title("how far the parameters have moved")
    if layer:
        _draw_three(right, old[layer][0][:first], to_numpy(net.params[layer][0].data)[:first])
        right.suptitle(f"{layer}: the first {min(first, len(old[layer][0]))} filters")
    return figure


def _draw_three(figure, W0, W):
    """Draw filters before and now on one scale, and their difference on its own, one below the other."""
    if W.shape[1] != 3:
        W0, W = W0[:, :1], W[:, :1]
    with np.errstate(invalid="ignore"):
        difference = W - W0
    most, far = _largest(W0, W), _largest(difference)
    times = f"{most / far:.2g}" if most < 10 * far else f"{most / far:,.0f}"
    titles = "before", "now", f"difference, drawn {times} times as strong"
    rows = zip(figure.subplots(3, 1), titles, (W0, W, difference), (most, most, far), strict=True)
    for axes, title, some, limit in rows:
        images, limits = displayed(some, (-limit, limit))
        show_tiles(axes, images, len(images), "RdBu_r", limits)
        axes.set_title(title, fontsize=10)


def _largest(*arrays):
    """The largest size of numbers that are finite; 1 where all are zero."""
    return max(float(np.abs(x[np.isfinite(x)]).max(initial=0)) for x in arrays) or 1.0
