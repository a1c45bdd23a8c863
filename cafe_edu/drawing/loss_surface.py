"""The landscape that a solver walks on: the loss around where the net stands."""

import numpy as np

from cafe_edu.drawing.picture import ORANGE, new_picture
from cafe_edu.insight.loss_surface import loss_surface


def draw_loss_surface(net, directions=None, span=1.0, n=21, seed=0, title=None, figure=None):
    """Draw the loss along two directions of all weights, as a map with lines of equal loss; in the middle, the net.

    Parameters
    ----------
    net, directions, span, n, seed
        As in `cafe_edu.insight.loss_surface`: run ``net.forward()`` first, its batch is the one whose loss is drawn.
    title : str, optional
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    surface = loss_surface(net, directions, span, n, seed)
    z = surface.loss.T  # b upwards
    low, high = z.min(), z.max()
    if low > 0 and high > 10 * low:  # equal ratios, so that the valley is not one colour
        levels = np.geomspace(low, high * (1 + 1e-9), 16)
    else:
        levels = np.linspace(low, high + 1e-9 * max(1.0, abs(high)), 16)
    figure = figure or new_picture(6.4, 5)
    axes = figure.subplots()
    drawn = axes.contourf(surface.a, surface.b, z, levels=levels, cmap="viridis", norm=_norm(levels))
    axes.contour(surface.a, surface.b, z, levels=levels, colors="white", linewidths=0.4)
    axes.plot(0, 0, "*", color=ORANGE, ms=14, markeredgecolor="black", label="the net")
    axes.set_xlabel("a, along the first direction")
    axes.set_ylabel("b, along the second")
    axes.set_title(title or f"loss around {net.name or 'the net'}")
    axes.legend(loc="upper right")
    bar = figure.colorbar(drawn, ax=axes, label="loss", format="%.3g")
    bar.set_ticks(levels[::3])
    bar.minorticks_off()
    return figure


def _norm(levels):
    """Each band between two levels a colour of its own, evenly."""
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(levels, 256)
