"""Many images as points in a plane: near each other where the net finds them alike."""

import numpy as np

from cafe_edu.drawing.labels import each_label
from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import as_pixels
from cafe_edu.errors import ShapeError, SpecError

METHODS = ("pca", "tsne")


def draw_embedding(features, labels, method="pca", images=None, names=None, seed=0, title=None, figure=None):
    """Draw features of many dimensions in two.

    PCA is a shadow: the plane in which the points are spread most, distances and directions keep their meaning. t-SNE
    keeps neighbours together and nothing else: the distance between two clouds, and their size, say nothing.

    Parameters
    ----------
    features : array (N, D)
        For example of `cafe_edu.insight.features`.
    labels : sequence of N
    method : {"pca", "tsne"}
    images : array (N, C, H, W), optional
        Some are drawn as small pictures in place of their points.
    names : dict or sequence, optional
        What the labels are called.
    seed : int
        Of t-SNE's chance.
    title : str, optional
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure

    References
    ----------
    Pearson 1901 (PCA); van der Maaten and Hinton 2008 (t-SNE).
    """
    x, labels = np.asarray(features), np.asarray(labels)
    if x.ndim != 2 or labels.shape != x.shape[:1] or len(x) < 3:
        raise ShapeError(f"expected features (N, D) and N labels, N at least 3, found {x.shape} and {labels.shape}")
    places, words = embed(x, method, seed)
    figure = figure or new_picture(8, 6)
    axes = figure.subplots()
    for label, style in each_label(labels):
        here = labels == label
        name = label if names is None else names[label]
        axes.scatter(*places[here].T, s=26, alpha=0.85, linewidths=0, label=f"{name}", **style)
    if images is not None:
        _put_pictures(axes, places, images)
    axes.set_title(title or f"{len(x)} images, {x.shape[1]} numbers each, {words}")
    axes.set_xticks([])
    axes.set_yticks([])
    figure.legend(loc="outside right upper", frameon=False, markerscale=1.5)
    return figure


def embed(x, method, seed=0):
    """Return places in the plane, (N, 2), and how they were found, in words."""
    if method not in METHODS:
        raise SpecError(f"expected a method among {', '.join(METHODS)}, found {method!r}")
    if method == "pca":
        from sklearn.decomposition import PCA

        if x.shape[1] < 2:
            return np.hstack([x, np.zeros_like(x)]), "as they are"
        pca = PCA(2, svd_solver="full").fit(x)
        kept = 100 * pca.explained_variance_ratio_.sum()
        return pca.transform(x), f"by PCA, which keeps {kept:.0f} % of their spread"
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(x) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="random", random_state=seed)
    return tsne.fit_transform(x.astype(np.float32)), f"by t-SNE with a perplexity of {perplexity:g}"


def _put_pictures(axes, places, images):
    """Draw images at their places, as many as find room."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    span, taken = np.ptp(places, axis=0), []
    for place, image in zip(places, images, strict=True):
        apart = np.abs((place - np.array(taken).reshape(-1, 2)) / np.where(span > 0, span, 1))
        if len(taken) and (apart.max(axis=1) < 0.06).any():
            continue
        taken.append(place)
        picture = OffsetImage(as_pixels(image), zoom=22 / max(np.shape(image)[-2:]), cmap="gray")
        axes.add_artist(AnnotationBbox(picture, place, pad=0.1))
