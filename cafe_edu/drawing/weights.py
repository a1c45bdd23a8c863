"""What a convolution looks for: its filters."""

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.drawing.mosaic import draw_images
from cafe_edu.errors import NetError, ShapeError


def draw_filters(net, layer, title=None, figure=None):
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

    Returns
    -------
    Figure
    """
    if layer not in net.params:
        raise NetError(f"no layer {layer!r} with parameters; there are {', '.join(net.params) or 'none'}")
    W = to_numpy(net.params[layer][0].data)
    if W.ndim != 4:
        raise ShapeError(f"expected a weight of 4 axes to draw as filters, {layer!r} has {W.shape}")
    title = f"{layer}: {W.shape[0]} filters of {W.shape[2]} x {W.shape[3]}" if title is None else title
    if W.shape[1] == 3:
        return draw_images(W, title, figure=figure)
    most = float(np.abs(W).max()) or 1.0
    columns = None if W.shape[1] == 1 else W.shape[1]
    tiles = W.reshape(-1, *W.shape[2:])
    return draw_images(tiles, title, columns, cmap="RdBu_r", limits=(-most, most), figure=figure)
