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


def beside(make, *shape):
    """What ``make`` gives, and bell-shaped numbers of a shape of their own, whatever the batch."""
    return lambda rng, n: [*make(rng, n), rng.normal(size=shape)]


def rivals(bottoms, *shape):
    """Several bottoms (N, *shape) in which no two numbers are equal."""

    def make(rng, n):
        x = rng.permutation(bottoms * n * int(np.prod(shape))).reshape(bottoms, n, *shape)
        return list(0.01 * x)

    return make


def below(count, *shape):
    """Whole numbers 0 .. count - 1, (N, *shape)."""
    return lambda rng, n: [rng.integers(0, count, (n, *shape)).astype(float)]


def reindexed(*shape):
    """Items (N, *shape), and for a batch of 2 N - 1 which item comes where: some twice, some never."""

    def make(rng, n):
        return [rng.normal(size=(n, *shape)), rng.integers(0, max(n, 1), max(2 * n - 1, 0)).astype(float)]

    return make


def selected(make):
    """The bottoms of ``make``, and a selector behind them.

    A batch of 2 goes through whole, because there the shapes made are held against those declared; of
    other batches every second item does, beginning with the second.
    """
    return lambda rng, n: [*make(rng, n), np.ones(n) if n == 2 else np.arange(n) % 2.0]


def cropped(shape, size):
    """Numbers (N, *shape), and a blob (N, *size) to which they are cropped."""
    return lambda rng, n: [rng.normal(size=(n, *shape)), np.zeros((n, *size))]
