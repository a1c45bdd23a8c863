"""A gradient twice, by differences and by backward, and how far they are apart."""

import math

import numpy as np

from cafe_edu.drawing.picture import ORANGE, new_picture
from cafe_edu.errors import ShapeError


def worst_entry(numeric, analytic):
    """Return the index at which two gradients differ most; NaN differs most of all.

    >>> worst_entry(np.array([[1.0, 2.0]]), np.array([[1.0, 2.5]]))
    (0, 1)
    """
    error = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    return tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))


def draw_gradients(numeric, analytic, title="", rtol=1e-6, figure=None):
    """Draw two gradients and their difference as heat maps, blue below zero, red above; the worst entry is framed.

    Arrays of more than two axes are laid out row by row, the first axes from top to bottom.

    Parameters
    ----------
    numeric, analytic : array of one shape
        By central differences; by the layer's backward.
    title : str
    rtol : float
        Differences below this part of the largest entry look nearly white: they are rounding.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    numeric, analytic = np.asarray(numeric, float), np.asarray(analytic, float)
    if numeric.shape != analytic.shape or not numeric.size:
        raise ShapeError(f"expected two gradients of one shape, found {numeric.shape} and {analytic.shape}")
    figure = figure or new_picture(9, 3.2, layout="none")
    most = max(np.nanmax(np.abs(numeric)), np.nanmax(np.abs(analytic)), np.finfo(float).tiny)
    difference = analytic - numeric
    widest = max(10 * rtol * max(most, 1e-3), np.nanmax(np.abs(difference)))
    worst, columns = worst_entry(numeric, analytic), columns_of(numeric.shape)
    row, column = divmod(int(np.ravel_multi_index(worst, numeric.shape)) if worst else 0, columns)
    gradients = ("numeric: central differences", numeric, most), ("analytic: backward", analytic, most)
    for i, (name, values, limit) in enumerate([*gradients, ("analytic - numeric", difference, widest)]):
        axes = figure.add_axes((0.02 + 0.33 * i, 0.16, 0.3, 0.58))
        sheet = values.reshape(-1, columns)
        axes.imshow(sheet, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest", aspect="auto")
        axes.plot(column, row, "s", ms=14, mfc="none", mec=ORANGE, mew=2.5, clip_on=False)
        axes.set_title(f"{name}\n{values[worst]:.6g} in the frame", fontsize=9)
        axes.set_xlabel(f"blue {-limit:.3g}, white 0, red {limit:.3g}", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    figure.suptitle(f"{title}, shape {numeric.shape}, worst at {worst}", fontsize=10)
    return figure


def columns_of(shape):
    """How many entries stand in a row: the last axes, so many that the sheet is nearly square.

    >>> columns_of((2, 3, 4, 5)), columns_of((7,)), columns_of(())
    (20, 7, 1)
    """
    cuts = [math.prod(shape[i:]) for i in range(min(1, max(0, len(shape) - 1)), len(shape))] or [1]
    return min(cuts, key=lambda columns: abs(math.log(columns**2 / math.prod(shape))))
