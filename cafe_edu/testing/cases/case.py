"""Case: one way to try a layer, and the bottoms it is tried on."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to try a layer.

    Attributes
    ----------
    spec : options, in prototxt
    bottom : function of (rng, batch size) that makes the bottom arrays
    tops : number of tops
    gradient : can its gradient be checked by differences?
    """

    spec: str
    bottom: object
    tops: int = 1
    gradient: bool = True


def normal(*shape):
    """Bell-shaped numbers, (N, *shape), none within 0.05 of zero: no kink in a ReLU's reach."""

    def make(rng, n):
        x = rng.normal(size=(n, *shape))
        return [np.where(np.abs(x) < 0.05, 0.05, x)]

    return make


def distinct(*shape):
    """Numbers that all differ by at least 0.01, in random order: no equal maxima."""

    def make(rng, n):
        x = rng.permutation(n * int(np.prod(shape))).reshape(n, *shape)
        return [0.01 * x - 0.005 * x.size]

    return make


def scored(classes, *inner):
    """Scores (N, classes, *inner) and labels (N, *inner)."""

    def make(rng, n):
        return [rng.normal(size=(n, classes, *inner)), rng.integers(0, classes, (n, *inner)).astype(float)]

    return make


def twice(make):
    """The same kind of bottom two times over, with other numbers."""
    return lambda rng, n: make(rng, n) + make(rng, n)
