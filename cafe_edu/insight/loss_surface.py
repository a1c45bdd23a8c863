"""Loss surface: how the loss changes when all weights move along two directions."""

import dataclasses

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.errors import DataError, NetError, ShapeError
from cafe_edu.insight.twin import twin


@dataclasses.dataclass(frozen=True)
class LossSurface:
    """The loss on a grid of weights; ``loss[i, j]`` is that at ``a[i]`` along the first direction, ``b[j]`` the second.

    Attributes
    ----------
    a, b : array (n,)
    loss : array (n, n)
    """

    a: np.ndarray
    b: np.ndarray
    loss: np.ndarray


def loss_surface(net, directions=None, span=1.0, n=21, seed=0):
    r"""Return the loss at :math:`\theta + a\,\delta + b\,\eta`, for a and b from -span to span.

    .. math:: \delta_{f} \leftarrow \frac{\delta_{f}}{\lVert \delta_{f} \rVert} \lVert \theta_{f} \rVert
              \qquad \text{for each filter } f

    So a step of 1 is as large as the weights themselves, filter by filter, and surfaces of different nets can be
    compared: without it a net with small weights looks sharper than it is. Biases, and what BatchNorm has gathered,
    stay.

    The loss is that of the batch that the net's blobs hold: run ``net.forward()`` first. It is computed as in the TEST
    phase, by a twin with weights of its own.

    Parameters
    ----------
    net : Net
        With a loss.
    directions : two dicts of layer name -> array, optional
        :math:`\delta` and :math:`\eta`, one array for each weight that moves, in its shape; taken as they are. By
        default drawn at random and scaled as above.
    span : float
    n : int
        Points along each direction; an odd number has the net itself in the middle.
    seed : int
        Of the random directions.

    Returns
    -------
    LossSurface

    Raises
    ------
    NetError, ShapeError
        If the net has no loss, or a direction does not fit its weights.

    References
    ----------
    Li, Xu, Taylor, Studer, Goldstein 2018, "Visualizing the loss landscape of neural nets".
    """
    from tqdm.auto import tqdm

    ends = [i for i, step in enumerate(net.steps) if any(step.loss_weights)]
    if not ends:
        raise NetError(f"net {net.name!r} has no loss; it has {', '.join(layer.name for layer in net.layers)}")
    if n < 1:
        raise DataError(f"expected n of 1 or more points, found {n}")
    other = twin(net, ends, copy=True)
    rng = np.random.default_rng(seed)
    weights = {name: to_numpy(blobs[0].data).copy() for name, blobs in other.params.items()}
    if directions is None:
        directions = [random_direction(other, rng) for _ in range(2)]
    for direction in directions:
        _check(direction, weights)
    first, second = directions
    steps = np.linspace(-span, span, n)
    loss = np.empty((n, n))
    for k in tqdm(range(n * n), desc="loss surface", unit=" points", delay=1):
        i, j = divmod(k, n)
        for name in {*first, *second}:
            moved = weights[name] + steps[i] * first.get(name, 0) + steps[j] * second.get(name, 0)
            other.params[name][0].data = other.xp.asarray(moved, other.dtype)
        other.forward()
        loss[i, j] = other.loss
    return LossSurface(steps, steps.copy(), loss)


def random_direction(net, rng):
    """Return a random direction for the weights of a net, each filter as long as the net's: dict of name -> array."""
    direction = {}
    for name, blobs in net.params.items():
        W = to_numpy(blobs[0].data)
        if W.ndim >= 2:  # one filter for each output; vectors are biases, scales, statistics
            d, axes = rng.standard_normal(W.shape), tuple(range(1, W.ndim))
            size = np.sqrt((d**2).sum(axis=axes, keepdims=True))
            direction[name] = d / size * np.sqrt((W.astype(float) ** 2).sum(axis=axes, keepdims=True))
    return direction


def _check(direction, weights):
    for name, values in direction.items():
        if name not in weights:
            raise NetError(f"no layer {name!r} with weights to move; there are {', '.join(weights)}")
        if np.shape(values) != weights[name].shape:
            raise ShapeError(f"expected a direction of shape {weights[name].shape} for layer {name!r}, "
                             f"found {np.shape(values)}")  # fmt: skip
