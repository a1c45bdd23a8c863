"""Inversion: an image made anew from what a layer says of it."""

import numpy as np

from cafe_edu.errors import DataError, ShapeError
from cafe_edu.insight.objective import Objective
from cafe_edu.insight.targets import as_item, layer_position
from cafe_edu.insight.total_variation import total_variation


def invert(net, image, layer, steps=100, tv=1e-2, limits=None, seed=0):
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
        Of L-BFGS, which chooses its own step sizes; it stops before where it cannot get better.
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
    Mahendran and Vedaldi 2015, "Understanding deep image representations by inverting them". There the rate is chosen by
    hand, and V has an exponent.
    """
    from scipy.optimize import minimize
    from tqdm.auto import tqdm

    position = layer_position(net, layer)
    x0 = as_item(net, position, image)
    if x0.ndim != 4:
        raise ShapeError(f"expected a net for images (N, C, H, W) to invert, its items are {x0.shape[1:]}")
    low, high = (float(x0.min()), float(x0.max())) if limits is None else map(float, limits)
    if not low < high:
        raise DataError(f"expected an image or limits with a smaller and a larger number, found ({low:g}, {high:g})")
    objective = Objective(net, position, lambda a: (((a - a0) ** 2).sum(keepdims=True).ravel() / norm, 2 * (a - a0) / norm))
    a0 = objective.activations(x0).copy()
    norm = float((a0**2).sum())
    if norm == 0:
        raise DataError(f"layer {layer!r} makes nothing but zeros of this image: there is nothing to invert")
    weight = tv / (x0.size * (high - low))

    def loss(flat):
        x = flat.reshape(x0.shape)
        distance, dx = objective.slope(x)
        V, dV = total_variation(x, eps=1e-3 * (high - low))
        return float(distance[0]) + weight * V, (dx + weight * dV).ravel()

    start = (low + high) / 2 + 0.05 * (high - low) * np.random.default_rng(seed).standard_normal(x0.size)
    with tqdm(total=steps, desc=f"inverting {layer}", unit=" steps", delay=1) as bar:
        found = minimize(
            loss, np.clip(start, low, high), jac=True, method="L-BFGS-B", bounds=[(low, high)] * x0.size,
            callback=lambda x: bar.update(), options={"maxiter": steps, "maxfun": 2 * steps, "ftol": 0, "gtol": 0},
        )  # fmt: skip
    return found.x.reshape(x0.shape[1:])
