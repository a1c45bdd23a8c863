"""Which pixels matter: a map laid over its image."""

import numpy as np

from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import as_pixels, show_pixels
from cafe_edu.errors import ShapeError

MOST = 99.5  # per cent of the numbers are told apart; the few above them are as the last


def draw_attribution(image, map, title="", mean=None, figure=None):
    """Draw an image, and beside it what a method says of its pixels.

    A map (H, W) lies over the image in gray: the yellower, the more; where it has numbers below 0, red speaks for the
    target and blue against it. A map of the image's own shape is drawn as a picture, gray for 0.

    Parameters
    ----------
    image : array (C, H, W)
        As the net sees it; C is 1 or 3.
    map : array (H, W) or (C, H, W)
        What a function of `cafe_edu.insight` returned.
    title : str
    mean : float or sequence, optional
        What was taken off the image's channels.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    figure = figure or new_picture(8, 4)
    left, right = figure.subplots(1, 2)
    show_pixels(left, image, "image", mean)
    drawn = lay_over(right, image, map, title, mean)
    if drawn is not None:
        figure.colorbar(drawn, ax=right, fraction=0.046)
    return figure


def lay_over(axes, image, map, title="", mean=None):
    """Draw a map over an image into axes; return what a colour bar needs, None for a map that is a picture."""
    map, H, W = np.asarray(map, float), *np.shape(image)[-2:]
    most = float(np.percentile(np.abs(map), MOST)) or float(np.abs(map).max()) or 1.0
    if map.shape == np.shape(image) and map.ndim == 3:
        show_pixels(axes, map, title, limits=(-most, most))
        return None
    if map.shape != (H, W):
        raise ShapeError(f"expected a map of shape {(H, W)} or {np.shape(image)}, as its image, found {map.shape}")
    gray = as_pixels(image, mean)
    axes.imshow(gray if gray.ndim == 2 else gray.mean(axis=2), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    low, colours = (-most, "RdBu_r") if (map < 0).any() else (0, "viridis")
    seen = np.clip(np.abs(map) / most, 0, 1)  # where a map says little, the image is seen
    veil = 0.25 + 0.6 * seen if low == 0 else 0.9 * seen  # the white of a map with signs would hide the image
    drawn = axes.imshow(map, cmap=colours, vmin=low, vmax=most, alpha=veil, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
    return drawn
