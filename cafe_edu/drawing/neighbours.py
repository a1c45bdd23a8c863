"""What a net finds alike: an image and its nearest neighbours."""

import numpy as np

from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import show_pixels
from cafe_edu.errors import ShapeError


def draw_neighbours(features, images, query, n=8, labels=None, mean=None, figure=None):
    r"""Draw an image and those whose features are nearest, with their distance :math:`\lVert f_i - f_q \rVert`.

    Parameters
    ----------
    features : array (N, D)
        For example of `cafe_edu.insight.features`.
    images : array (N, C, H, W)
        C is 1 or 3.
    query : int
        Which of the images.
    n : int
        How many neighbours.
    labels : sequence of N, optional
    mean : float or sequence, optional
        What was taken off the images' channels.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure

    References
    ----------
    Krizhevsky, Sutskever, Hinton 2012, figure 4.
    """
    x = np.asarray(features, float)
    if x.ndim != 2 or len(images) != len(x):
        raise ShapeError(f"expected features (N, D) and as many images, found {x.shape} and {len(images)} images")
    if not 0 <= query < len(x):
        raise ShapeError(f"expected a query from 0 to {len(x) - 1}, the number of an image, found {query}")
    order, distances = nearest(x, query, n)
    figure = figure or new_picture(1.35 * (len(order) + 1), 2)
    axes = figure.subplots(1, len(order) + 1, squeeze=False)[0]
    for one, i, distance in zip(axes, [query, *order], [None, *distances], strict=True):
        title = f"image {i}" if labels is None else f"{labels[i]}"
        show_pixels(one, images[i], f"{title}\n{'query' if distance is None else f'{distance:.3g}'}", mean)
    return figure


def nearest(x, query, n):
    """Return the numbers of the n rows nearest to one of them, itself left out, and their distances.

    >>> order, distances = nearest(np.array([[0.0], [5.0], [1.0], [2.0]]), 2, 2)
    >>> order.tolist(), distances.tolist()
    ([0, 3], [1.0, 1.0])
    """
    distances = np.linalg.norm(x - x[query], axis=1)
    order = [i for i in np.argsort(distances, kind="stable") if i != query][:n]
    return np.array(order, int), distances[order]
