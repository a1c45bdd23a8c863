"""What a unit can see: its receptive field on the image."""

from matplotlib.patches import Rectangle

from cafe_edu.drawing.picture import ORANGE, new_picture
from cafe_edu.drawing.pixels import as_pixels, show_pixels
from cafe_edu.insight.receptive_field import receptive_field
from cafe_edu.insight.targets import as_item, layer_position


def draw_receptive_field(net, layer, y, x, image, mean=None, figure=None):
    """Draw, left, the image with a frame around what a unit sees (dashed where it sees padding); right, what is in it.

    Parameters
    ----------
    net : Net
    layer : str
        Name of a layer or a blob.
    y, x : int
        Row and column of the unit in the layer's maps.
    image : array (C, H, W)
        As the net sees it; C is 1 or 3.
    mean : float or sequence, optional
        What was taken off the image's channels.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    image = as_item(net, layer_position(net, layer), image)[0]
    field = receptive_field(net, layer)
    whole, box = field.of(y, x)
    figure = figure or new_picture(8, 4.2)
    left, right = figure.subplots(1, 2)
    h, w = field.size
    show_pixels(left, image, f"row {y}, column {x} of the {field.units[0]} x {field.units[1]} units of {layer}", mean)
    left.add_patch(frame(whole, linestyle=":"))
    left.add_patch(frame(box))
    H, W = image.shape[-2:]
    left.set_xlim(min(0, whole.left) - 1, max(W, whole.right))
    left.set_ylim(max(H, whole.bottom), min(0, whole.top) - 1)
    title = f"what it sees of its field of {h} x {w} pixels"
    if box.bottom > box.top and box.right > box.left:
        part = as_pixels(image, mean)[box.top : box.bottom, box.left : box.right]  # as bright as in the image
        right.imshow(part, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        title = "it sees padding alone"
    right.set_title(title, fontsize=10)
    right.set_axis_off()
    return figure


def frame(box, **style):
    """A frame around the pixels of a box."""
    corner = (box.left - 0.5, box.top - 0.5)  # pixels are drawn around their numbers
    return Rectangle(corner, box.right - box.left, box.bottom - box.top, fill=False, edgecolor=ORANGE, lw=2, **style)
