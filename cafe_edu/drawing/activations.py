"""What the net makes of an image: its feature maps."""

from cafe_edu.device import to_numpy
from cafe_edu.drawing.mosaic import draw_images
from cafe_edu.errors import NetError, ShapeError


def draw_activations(net, blob, item=0, title=None, figure=None):
    """Draw the channels of a blob for one item of the last batch, brighter for larger.

    Parameters
    ----------
    net : Net
        After ``net.forward``.
    blob : str
        Name of a blob (N, C, H, W).
    item : int
    title : str, optional
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    if blob not in net.blobs:
        raise NetError(f"no blob {blob!r}; there are {', '.join(net.blobs)}")
    y = to_numpy(net.blobs[blob].data)
    if y.ndim != 4 or not 0 <= item < len(y):
        raise ShapeError(f"expected a blob of 4 axes and an item among its first axis, found {y.shape} and item {item}")
    title = f"{blob}: {y.shape[1]} maps of {y.shape[2]} x {y.shape[3]}" if title is None else title
    return draw_images(y[item], title, cmap="viridis", figure=figure)
