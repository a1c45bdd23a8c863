r"""Ranges: how large the numbers of a blob are, and how many of them shall fit in 8 bits.

A step s is a range divided by 127. A larger range makes coarser steps for all numbers; a smaller one cuts off the
largest. Three ways to choose:

``max``
    The largest number seen. Nothing is cut off; one number far out makes the steps of all others coarse.
``percentile``
    The range in which 99.99 % of the numbers lie. Numbers far out are cut off, however far out they are.
``entropy``
    The range that loses the least information. Of each range T that may be, let P be how often numbers occur, those
    beyond T counted at T, and Q what is left of P when only 127 steps are told apart. Take the T with the smallest

    .. math:: KL(P, Q) = \sum_i P_i \log \frac{P_i}{Q_i}

The numbers are never all kept: they are counted in ``BINS`` bins by size. When one is too large for the last bin, bins
are joined two by two, and so on until it fits. Zeros, of which a ReLU makes many, are not counted: any steps hold them.

References
----------
Migacz 2017 (8-bit inference with TensorRT); Krishnamoorthi 2018. Lesson: day 15.
"""

import numpy as np

from cafe_edu.arrays.int8 import MOST
from cafe_edu.errors import DataError, SpecError

BINS = 2048
PERCENTILE = 99.99
LEAST = float(np.finfo(np.float32).tiny) * MOST  #: of a smaller range the steps are no float32 of full precision


class Ranges:
    """Counts of |x| by size, for each of G groups of numbers, as batches come in.

    Attributes
    ----------
    numbers : int
        How many were seen.
    most : array (G,)
        The largest |x|.
    counts : array (G, BINS)
        Of each group, bins of equal width from 0 to ``top``.
    """

    def __init__(self, groups):
        self.most, self.top = np.zeros(groups), np.zeros(groups)
        self.counts, self.numbers = np.zeros((groups, BINS), np.int64), 0

    def see(self, x):
        """Count the numbers of x (G, n)."""
        if not np.isfinite(x).all():
            raise DataError(f"expected numbers, found {'NaN' if np.isnan(x).any() else 'infinity'}: no range holds it")
        size = np.abs(x)
        most = size.max(axis=1, initial=0).astype(np.float64)
        self.top = np.where(self.top == 0, most, self.top)  # the first numbers set the scale
        self.most = np.maximum(self.most, most)
        while (small := self.top < self.most).any():
            joined = self.counts[small].reshape(-1, BINS // 2, 2).sum(axis=2)
            self.counts[small] = np.pad(joined, ((0, 0), (0, BINS // 2)))
            self.top[small] *= 2
        width = np.where(self.top == 0, 1, self.top)[:, None].astype(x.dtype)
        bins = np.minimum((size / width * BINS).astype(np.int32), BINS - 1)
        flat = (bins + BINS * np.arange(len(x), dtype=np.int32)[:, None])[size > 0]
        self.counts += np.bincount(flat, minlength=self.counts.size).reshape(self.counts.shape)
        self.numbers += x.size

    def choose(self, way):
        """Return the range of each group; 0 for a group in which nothing but 0 was seen.

        Examples
        --------
        >>> seen = Ranges(1)
        >>> seen.see(np.append(np.linspace(0, 1, 99_999), 100.0)[None])
        >>> [seen.choose(way).round(2).tolist() for way in ("max", "percentile")]
        [[100.0], [1.03]]
        """
        if way not in WAYS:
            raise SpecError(f"expected one of {', '.join(WAYS)} to choose a range by, found {way!r}")
        found = [WAYS[way](*group) for group in zip(self.counts, self.top, self.most, strict=True)]
        return np.where(self.most < LEAST, 0, np.minimum(found, self.most))

    def steps(self, way):
        """Return s of each group, in float32; of a group of range 0, the largest of the others.

        A channel that was 0 in all batches may not be 0 for ever, and then it is likely to be as large as its
        neighbours.
        """
        s = self.choose(way) / MOST
        return np.where(s == 0, s.max(), s).astype(np.float32)


def by_max(counts, top, most):
    """The largest number seen."""
    return most


def by_percentile(counts, top, most):
    """The end of the first bin at which ``PERCENTILE`` percent are reached."""
    reached = np.searchsorted(np.cumsum(counts), counts.sum() * PERCENTILE / 100)
    return (reached + 1) / BINS * top


def by_entropy(counts, top, most):
    """The end of the bin at which cutting off loses the least information."""
    ends = range(MOST + 1, BINS + 1)
    losses = [_loss(counts, end) for end in ends]
    return ends[int(np.argmin(losses))] / BINS * top


def _loss(counts, end):
    """KL(P, Q) for the range that ends with bin ``end``; 0 log 0 is 0."""
    P = counts[:end].astype(np.float64)
    levels = np.arange(end) * MOST // end
    occurs = P > 0
    each = np.bincount(levels, P, MOST) / np.maximum(np.bincount(levels, occurs, MOST), 1)
    Q = np.where(occurs, each[levels], 0)  # a level's numbers spread over those of its bins that had any
    P[-1] += counts[end:].sum()  # what is cut off is found at the end
    if Q[-1] == 0 and P[-1] > 0:
        return np.inf
    P, Q, held = P / max(P.sum(), 1), Q / max(Q.sum(), 1), P > 0
    return float((P[held] * np.log(P[held] / Q[held])).sum())


WAYS = {"max": by_max, "percentile": by_percentile, "entropy": by_entropy}
