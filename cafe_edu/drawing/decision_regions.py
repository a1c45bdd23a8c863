"""Where a classifier of points in the plane says what."""

import numpy as np

from cafe_edu.drawing.labels import COLOURS, each_label
from cafe_edu.drawing.picture import new_picture
from cafe_edu.errors import ShapeError
from cafe_edu.insight.objective import Objective
from cafe_edu.insight.targets import image_input, scores_position
from cafe_edu.net import Net

LINE = 200  # points of the grid along each axis


def draw_decision_regions(net_or_function, points, labels, title="", figure=None):
    """Draw the plane in the colour of the class that is answered there, and the points in that of their own.

    Parameters
    ----------
    net_or_function : Net or function
        A net whose items are two numbers; or a function that takes points (N, 2) and returns a class for each, (N,), or
        scores, (N, classes).
    points : array (N, 2)
    labels : sequence of N int
        Classes, from 0.
    title : str
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    points, labels = np.asarray(points, float), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1] or not len(points):
        raise ShapeError(f"expected points (N, 2) and N labels, found {points.shape} and {labels.shape}")
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * (high - low) + 1e-9
    x, y = (np.linspace(a, b, LINE) for a, b in zip(low - margin, high + margin, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    said = answers(net_or_function, grid).reshape(LINE, LINE)
    figure = figure or new_picture(6, 5)
    axes = figure.subplots()
    classes = np.unique([*labels, *np.unique(said)])
    places = np.searchsorted(classes, said)
    edges = np.arange(len(classes) + 1) - 0.5
    shades = [COLOURS[i % len(COLOURS)] for i in range(len(classes))]
    axes.contourf(x, y, places, levels=edges, colors=shades, alpha=0.3)
    styles = dict(each_label(classes))
    for label in np.unique(labels):
        here = labels == label
        axes.scatter(*points[here].T, s=26, edgecolors="white", linewidths=0.6, label=f"class {label}", **styles[label])
    axes.set_title(title)
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def answers(net_or_function, points):
    """Return the class of each point, (N,)."""
    if isinstance(net_or_function, Net):
        net, i = net_or_function, scores_position(net_or_function)
        item = net.blobs[image_input(net, i)].shape[1:]
        if item != (2,):
            raise ShapeError(f"expected a net whose items are two numbers, (2,), found {item}")
        found = Objective(net, i, None).activations(points)
    else:
        found = np.asarray(net_or_function(points))
    if found.ndim not in (1, 2) or len(found) != len(points):
        raise ShapeError(f"expected a class or scores for each of {len(points)} points, found {found.shape}")
    return (found if found.ndim == 1 else found.argmax(axis=1)).astype(int)
