"""Update rules on a surface: their paths from above, and how deep they are after each step."""

import numpy as np

from cafe_edu.drawing.picture import new_picture

COLORS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7")  # Okabe and Ito's


def style_of(i):
    """Color and line of the i-th rule; the last is dashed, as AdamW often goes where Adam goes."""
    return {"color": COLORS[i % len(COLORS)], "ls": "--" if i % len(COLORS) == len(COLORS) - 1 else "-"}


def draw_surface(surface, name, rules, steps):
    """Draw a surface from above and an empty diagram beside it, for `mark_race`.

    Parameters
    ----------
    surface : Surface
        From `cafe_edu.widgets.race`.
    name : str
    rules : sequence of str
    steps : int

    Returns
    -------
    Figure
    """
    figure = new_picture(10.5, 4.6, layout="none")
    above, depth = figure.add_axes((0.07, 0.12, 0.49, 0.76)), figure.add_axes((0.63, 0.12, 0.24, 0.76))
    left, right, low, high = surface.limits
    x, y = np.meshgrid(np.linspace(left, right, 120), np.linspace(low, high, 100))
    heights = np.log10(surface.loss(x, y) - surface.least + 1e-3)  # so that valleys have contours too
    above.contourf(x, y, heights, 16, cmap="Greys_r", alpha=0.55)
    for valley in surface.valleys:
        above.plot(*valley, "*", ms=14, mfc="white", mec="black")
    above.set(xlim=(left, right), ylim=(low, high), xlabel="x", ylabel="y")
    above.set_title(f"{name}: {surface.formula}, darker is lower, a star is lowest", fontsize=9)
    depth.set(xlim=(0, steps), ylim=(-8, 2), xlabel="step")
    depth.set_title(r"$\log_{10}$(loss - least loss)", fontsize=9)
    for axes in (above, depth):
        axes.locator_params(nbins=5)  # each tick takes a while
    for i, rule in enumerate(rules):
        depth.plot([], [], lw=2, label=rule, **style_of(i))
    depth.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=9)
    return figure


def mark_race(figure, surface, paths, t):
    """Draw the paths until step ``t`` on a figure of `draw_surface`; return the artists.

    Parameters
    ----------
    figure : Figure
    surface : Surface
    paths : list of arrays (steps + 1, 2)
    t : int
    """
    above, depth = figure.axes
    marks = []
    for i, path in enumerate(paths):
        x, y = path[: t + 1].T
        deep = np.log10(np.maximum(surface.loss(x, y) - surface.least, 1e-8))
        marks += above.plot(x, y, lw=1.6, **style_of(i))
        marks += above.plot(x[-1:], y[-1:], "o", color=style_of(i)["color"], ms=7, mec="white")
        marks += depth.plot(range(len(deep)), deep, lw=1.6, **style_of(i))
    return marks
