"""Inversion: an image made anew from what a layer says of it."""

import numpy as np

from cafe_edu.errors import DataError, ShapeError
from cafe_edu.insight.objective import Objective
from cafe_edu.insight.targets import as_item, layer_position
from cafe_edu.insight.total_variation import total_variation

BETA1, BETA2 = 0.9, 0.999  # Adam's: how long it remembers slopes, and their squares


def invert(net, image, layer, steps=100, rate=0.03, tv=1.0, limits=None, seed=0):
    r"""Return an image from which a layer makes what it makes of the given one.

    .. math:: \min_x \; \frac{\lVert a(x) - a(x_0) \rVert^2}{\lVert a(x_0) \rVert^2}
              + \lambda_V \frac{V(x)}{C\,H\,W\,B}, \qquad B = \text{the width of the limits}

    V is the total variation. What comes back is what the layer still knows; what it has thrown away, such as exact
    places and colours in deep layers, comes back as the image most smooth. It starts from noise and never sees the
    image itself.

    Parameters
    ----------
    net : Net
    image : array (C, H, W)
        As the net sees it.
    layer : str
        Name of a layer or a blob.
    steps : int
        Of Adam.
    rate : float
        How far a pixel goes in the first step, as a part of the width of the limits; it falls to 0 at the last.
    tv : float
        :math:`\lambda_V`.
    limits : (float, float), optional
        The smallest and the largest number of an image; by default those of this one.
    seed : int
        Of the noise.

    Returns
    -------
    array (C, H, W)

    References
    ----------
    Mahendran and Vedaldi 2015, "Understanding deep image representations by inverting them" (there with momentum,
    and an exponent of V); Kingma and Ba 2015 (Adam).
    """
    from tqdm.auto import tqdm

    position = layer_position(net, layer)
    x0 = as_item(net, position, image)
    if x0.ndim != 4:
        raise ShapeError(f"expected a net for images (N, C, H, W) to invert, its items are {x0.shape[1:]}")
    low, high = (float(x0.min()), float(x0.max())) if limits is None else map(float, limits)
    if not low < high:
        raise DataError(f"expected an image or limits with a smaller and a larger number, found ({low:g}, {high:g})")

    def distance(a):
        return ((a - a0) ** 2).reshape(len(a), -1).sum(axis=1) / norm, 2 * (a - a0) / norm

    objective = Objective(net, position, distance)
    a0 = objective.activations(x0).copy()
    norm = float((a0**2).sum())
    if norm == 0:
        raise DataError(f"layer {layer!r} makes nothing but zeros of this image: there is nothing to invert")
    noise = np.random.default_rng(seed).standard_normal(x0.shape)
    x = np.clip((low + high) / 2 + 0.05 * (high - low) * noise, low, high)
    m, v = np.zeros(x0.shape), np.zeros(x0.shape)
    for t in tqdm(range(1, steps + 1), desc=f"inverting {layer}", unit=" steps", delay=1):
        g = objective.slope(x)[1] + tv / (x.size * (high - low)) * total_variation(x, eps=1e-3 * (high - low))[1]
        m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g**2
        step = m / (1 - BETA1**t) / (np.sqrt(v / (1 - BETA2**t)) + 1e-12)
        x = np.clip(x - rate * (high - low) * (1 - (t - 1) / steps) * step, low, high)
    return x[0]
