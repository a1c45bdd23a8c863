"""A small net in the plane: which class it gives where, what each hidden unit makes of each place, the loss."""

import numpy as np

from cafe_edu.drawing.mosaic import tile
from cafe_edu.drawing.picture import BLUE, new_picture
from cafe_edu.drawing.progress import draw_curves

EDGE, FINE, COARSE = 1.25, 60, 24  #: half the side of what is drawn; points along it: of the answer, of a unit


def grid(n):
    """Return n x n places of the square that is drawn, row by row from the top, (n * n, 2)."""
    line = np.linspace(-EDGE, EDGE, n, dtype=np.float32)
    x, y = np.meshgrid(line, line[::-1])
    return np.stack([x.ravel(), y.ravel()], 1)


def draw_playground(toy):
    """Draw where a toy problem stands.

    Parameters
    ----------
    toy : ToyProblem
        From `cafe_edu.widgets.toy_problem`.

    Returns
    -------
    Figure
    """
    figure = new_picture(10.5, 4.6, layout="none")
    _draw_answer(figure.add_axes((0.04, 0.07, 0.38, 0.82)), toy)
    places, top = toy.responses(grid(COARSE)), 0.9
    high = 0.55 / toy.depth
    for i, h in enumerate(places):
        axes = figure.add_axes((0.47, top - (i + 1) * high, 0.51, 0.72 * high))
        most = np.abs(h[np.isfinite(h)]).max(initial=0) or 1.0
        units = h.T.reshape(-1, COARSE, COARSE)
        axes.imshow(tile(units, len(units), gap=2), cmap="RdBu_r", vmin=-most, vmax=most, aspect="equal")
        axes.set_axis_off()
        colors = f"blue {-most:.2g}, white 0, red {most:.2g}"
        axes.set_title(f"hidden layer {i + 1}: {len(units)} units, {colors}", fontsize=9)
    axes = figure.add_axes((0.5, 0.08, 0.47, 0.17))
    if toy.solver.train_record:
        draw_curves(axes, toy.solver.train_record, [])
    axes.set_title(f"loss until iteration {toy.solver.iter}", fontsize=9, loc="left", color=BLUE)
    axes.set_xlabel("")
    return figure


def _draw_answer(axes, toy):
    p = toy.answers(grid(FINE)).reshape(FINE, FINE)
    extent = (-EDGE, EDGE, -EDGE, EDGE)
    axes.imshow(p, cmap="PuOr_r", vmin=-0.7, vmax=1.7, extent=extent, interpolation="bilinear")
    if np.isfinite(p).all() and p.min() < 0.5 < p.max():
        axes.contour(p[::-1], [0.5], extent=extent, colors="black", linewidths=1.5)
    for t, color, sign in ((0, "#542788", "o"), (1, "#b35806", "^")):
        axes.plot(*toy.x[toy.t == t].T, sign, color=color, ms=4, mec="white", mew=0.5)
    axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), xticks=[], yticks=[])
    axes.set_title(f"right: {toy.accuracy():.0%} of the points, {toy.accuracy(test=True):.0%} of new ones", fontsize=10)
