r"""Lines: images laid out so that what all outputs see at one place of the kernel is one run of numbers.

A channel is padded and read as one line, row behind row (with a stride of s it is cut into phases first, the numbers
that leave the same remainder by s, one phase behind the other). Output (i, j) then stands at p = iR + j, R the length
of a row, and what it sees at place t of the kernel stands a fixed distance further on:

.. math:: y_p = \sum_{c,t} W_{c,t}\; x_{p + \mathrm{tap}(c, t)}

so no columns need be copied. What lies between the rows is computed too, and left out. Where left and right padding
meet, one strip of zeros serves both.

On the way back, every output's gradient goes to what the output saw, again in runs:

.. math:: dx_{p + \mathrm{tap}(c, t)} \mathrel{+}= \sum_o W_{o,c,t}\; dy_{o,p}
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np


class Axis(NamedTuple):
    """How outputs along one axis see inputs: output i sees input (i + ahead) stride + phase - pad, of size inputs.

    ``seen`` is (phase, ahead) for each place of the kernel.
    """

    size: int
    out: int
    stride: int
    pad: int
    seen: tuple

    @property
    def far(self):
        """How far ahead the last place is."""
        return max(ahead for _, ahead in self.seen)


class Lines(NamedTuple):
    """Where everything stands on the lines of some output rows.

    Attributes
    ----------
    phases : array (F, 2)
        The remainders of each phase along the image's axes; none, if images serve as lines as they are.
    rows, row : int
        A phase has so many rows, of such a length.
    channel : int
        Length of a channel's line.
    beyond : int
        Zeros to be put behind the last line.
    taps : array (kernel's places,) of int32
        How far ahead each is seen.
    places : array of int64
        Where the outputs of each half vector begin.
    pieces : array (pieces, 4)
        Which of the numbers computed are wanted: (first, row, column, how many); outputs, too, may go on over the
        end of a row.
    """

    phases: np.ndarray
    rows: int
    row: int
    channel: int
    beyond: int
    taps: np.ndarray
    places: np.ndarray
    pieces: np.ndarray
    half: int

    @property
    def used(self):
        """What part of the numbers computed is wanted."""
        return self.pieces[:, 3].sum() / self.computed

    @property
    def computed(self):
        """How many numbers are computed."""
        return self.half * len(self.places)

    def length(self, n):
        """The same for n images, made a whole number of vectors."""
        return -(-n * len(self.places) // 2) * 2 * self.half

    def all_taps(self, C):
        """How far ahead the places of C channels are seen, one channel after the other."""
        return (np.arange(C)[:, None] * self.channel + self.taps).reshape(-1).astype(np.int32)


def axes_of(size, window, out):
    """Return both axes of a convolution."""
    axes = zip(size, out, window.kernel, window.stride, window.pad, window.dilation, strict=True)
    return tuple(Axis(n, o, s, p, tuple(divmod(u * d, s)[::-1] for u in range(k))) for n, o, k, s, p, d in axes)


@functools.lru_cache(maxsize=1024)
def lines(axes, rows, half):
    """Return the ``Lines`` of ``rows`` output rows, for half vectors of so many numbers."""
    down, along = axes
    seen = list(itertools.product(down.seen, along.seen))
    phases = sorted({(r, q) for (r, _), (q, _) in seen})
    row, height = along.out + along.far - _shared(along, {q for _, q in phases}), rows + down.far
    channel = len(phases) * height * row
    taps = [phases.index((r, q)) * height * row + a * row + b for (r, a), (q, b) in seen]
    end = (rows - 1) * row + along.out
    as_it_is = len(seen) == 1 and along[:4] == (row, row, 1, 0) and down[2:4] == (1, 0) and end >= half
    if as_it_is:
        phases, channel = [], down.size * row
    wide, flat = -(-along.out // half), -(-end // half)
    if rows * wide < flat:  # each row has vectors of its own
        places = [i * row + j * half for i in range(rows) for j in range(wide)]
        pieces = [(i * wide * half, i, 0, along.out) for i in range(rows)]
        if along.out % half == 0:
            pieces = [(0, 0, 0, rows * along.out)]
    else:
        places = [j * half for j in range(flat)]
        pieces = [(i * row, i, 0, along.out) for i in range(rows)]
    if as_it_is:  # nothing may be read behind the end, so the last vector goes back over some of the one before
        places[-1] = end - half
        rest = end % half or half
        pieces = [(0, 0, 0, end - rest), (flat * half - rest, 0, end - rest, rest)]
    return Lines(
        np.array(phases, np.int64).reshape(-1, 2),
        height,
        row,
        channel,
        max(0, max(places) + half + max(taps) - channel),
        np.array(taps, np.int64),
        np.array(places, np.int64),
        np.array(pieces, np.int64),
        half,
    )


def _shared(along, phases):
    """How many numbers of a row may lie over those of the next: there both are padding, in every phase."""
    length, found = along.out + along.far, [along.far]
    for r in phases:
        first = -(-(along.pad - r) // along.stride)
        end = (along.size - 1 + along.pad - r) // along.stride + 1
        found += [min(max(first, 0), length), length - min(max(end, 0), length)]
    return min(found)
