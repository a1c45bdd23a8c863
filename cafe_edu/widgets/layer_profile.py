"""A layer's numbers over many items, in brief: how they lie, and where each unit is largest."""

import dataclasses
import math

import numpy as np

from cafe_edu.insight.features import each_activation
from cafe_edu.insight.top_images import largest_of

BATCH = 2**22  #: numbers that the layer makes of one batch, at most, where an item has fewer
COUNTED = 2**22  #: numbers in the histogram, at most: of a large layer some places, the same ones of each item
BINS = 60


@dataclasses.dataclass(frozen=True)
class LayerProfile:
    """What a layer makes of N items, summed up; it needs little memory, whatever the layer's size.

    Attributes
    ----------
    counts, edges : array (BINS,), array (BINS + 1,)
        The histogram of its numbers.
    zeros : float
        The part of them that is 0.
    mean, spread : array (units,)
        Of each unit's numbers: the mean, and the standard deviation.
    values, places : array (N, units)
        Of each item: each unit's largest number, and where in its map, laid out in a row, it stands.
    """

    counts: np.ndarray
    edges: np.ndarray
    zeros: float
    mean: np.ndarray
    spread: np.ndarray
    values: np.ndarray
    places: np.ndarray

    @property
    def never(self):
        """How many units are not above 0 anywhere."""
        return int((self.values <= 0).all(axis=0).sum())


def profile(net, layer, items, shape):
    r"""Run items through a net once, and sum up what a layer makes of them.

    .. math:: \mu_u = \frac1n \sum a, \qquad \sigma_u = \sqrt{\frac1n \sum a^2 - \mu_u^2}

    over the n numbers that unit u makes of all items.

    Parameters
    ----------
    net : Net
    layer : str
    items : array (N, ...)
        As the net takes them.
    shape : tuple
        Of what the layer makes of one item.

    Returns
    -------
    LayerProfile
    """
    size = math.prod(shape)
    some = np.random.default_rng(0).integers(0, size, max(1, COUNTED // len(items)))
    chosen = some if len(some) < size else slice(None)
    zeros, first, second, largest, counted = 0, 0.0, 0.0, [], []
    for a in each_activation(net, layer, items, batch=int(np.clip(BATCH // size, 1, 32))):
        counted.append(a.reshape(len(a), -1)[:, chosen])
        a = a.reshape(len(a), shape[0] if shape else 1, -1)
        zeros += a.size - np.count_nonzero(a)
        first += a.sum(axis=(0, 2), dtype=float)
        second += np.einsum("nup,nup->u", a, a, dtype=float)
        largest.append(largest_of(a))
    n = len(items) * size / len(first)
    counts, edges = np.histogram(np.concatenate(counted), bins=BINS)
    spread = np.sqrt(np.maximum(second / n - (first / n) ** 2, 0))
    values, places = map(np.concatenate, zip(*largest, strict=True))
    return LayerProfile(counts, edges, zeros / (len(items) * size), first / n, spread, values, places)
