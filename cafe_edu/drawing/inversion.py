"""What a layer still knows: images made anew from what layers say."""

from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import show_pixels
from cafe_edu.insight.invert import invert


def draw_inversion(net, image, layers, mean=None, figure=None, **options):
    """Draw an image, and beside it what can be made anew from each layer's numbers alone.

    Parameters
    ----------
    net : Net
    image : array (C, H, W)
        As the net sees it; C is 1 or 3.
    layers : str or sequence of str
    mean : float or sequence, optional
        What was taken off the image's channels.
    figure : Figure or SubFigure, optional
    **options
        Of `cafe_edu.insight.invert`: steps, tv, ...

    Returns
    -------
    Figure
    """
    layers = [layers] if isinstance(layers, str) else list(layers)
    figure = figure or new_picture(3 * (1 + len(layers)), 3.3)
    first, *others = figure.subplots(1, 1 + len(layers))
    show_pixels(first, image, "image", mean)
    for axes, layer in zip(others, layers, strict=True):
        show_pixels(axes, invert(net, image, layer, **options), f"from {layer}", mean)
    return figure
