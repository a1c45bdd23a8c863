"""Compiled loops of a convolution over lines (``lines.py``): laying them, summing over them, and putting results back.

Each works on a few images, in one thread, and lets go of Python's lock.
"""

import numpy

from cafe_edu.engines.loops_cpu import _clear, _seen, compiled
from cafe_edu.engines.registers import ACROSS, DOWN, copy, inner, outer, outer_column


@compiled
def lay(x, top, phases, rows, row, stride, pad, beyond, line):
    """Lay images x (n, C, H, W) on lines, from output row ``top`` on."""
    n, C, H, W = x.shape
    flat, at = x.reshape(-1), 0
    for m in range(n):
        for c in range(C):
            for f in range(len(phases)):
                low, high, first = _seen(W, row, phases[f, 1], stride[1], pad[1], 1)
                for i in range(rows):
                    r = (top + i) * stride[0] + phases[f, 0] - pad[0]
                    if r < 0 or r >= H:
                        _clear(line[at : at + row])
                    else:
                        _clear(line[at : at + low])
                        source = ((m * C + c) * H + r) * W + first
                        if stride[1] == 1:
                            copy(flat, source + low, line, at + low, high - low)
                        else:
                            for j in range(low, high):
                                line[at + j] = flat[source + j * stride[1]]
                        _clear(line[at + high : at + row])
                    at += row
    _clear(line[at : at + beyond])


@compiled
def _starts(places, image, n):
    """The places of n images; the last once more, if they are odd."""
    starts = numpy.empty((n * len(places) + 1) // 2 * 2, numpy.int64)
    for m in range(n):
        for p in range(len(places)):
            starts[m * len(places) + p] = m * image + places[p]
    starts[-1] = (n - 1) * image + places[-1]
    return starts


@compiled
def sums(W, b, line, image, taps, places, pieces, top, first, step, channel, O, y, Y):
    """Write ``y = W * x + b``, x on lines: one group's W (O', K) and b (O',), O' >= O a multiple of DOWN.

    The group's O channels of y (n, C, H, W) begin at ``channel``.

    ``image`` is the length of an image's lines; ``Y`` is work space. A piece of row i goes to row (top + i) step[0] +
    first[0] of y, and so on.
    """
    n, C, H, width = y.shape
    (length, K), starts = (Y.shape[1], W.shape[1]), _starts(places, image, n)
    weights, tile, to = W.reshape(-1), Y.reshape(-1), y.reshape(-1)
    half = length // len(starts)
    whole = len(starts) // (2 * ACROSS) * 2 * ACROSS
    for o in range(0, O, DOWN):
        for p in range(0, whole, 2 * ACROSS):
            outer(weights, o * K, K, line, taps, starts, p, b, o, tile, p * half, length)
        for p in range(whole, len(starts), 2):
            outer_column(weights, o * K, K, line, taps, starts, p, b, o, tile, p * half, length)
        for m in range(n):
            for a in range(o, min(o + DOWN, O)):
                for i in range(len(pieces)):
                    at, r, q, many = pieces[i]
                    source = (a - o) * length + m * len(places) * half + at
                    row = ((m * C + channel + a) * H + (top + r) * step[0] + first[0]) * width
                    if step[1] == 1:
                        copy(tile, source, to, row + q + first[1], many)
                    else:
                        for j in range(many):
                            to[row + (q + j) * step[1] + first[1]] = tile[source + j]


@compiled
def collect(dy, channel, O, pieces, computed, Y):
    """Write O channels of dy (n, C, H, W) to Y (O' >= O, n computed), as ``sums`` computes them; zeros in between."""
    n, C, H, W = dy.shape
    length = Y.shape[1]
    flat, to = dy.reshape(-1), Y.reshape(-1)
    _clear(to)
    for o in range(O):
        for m in range(n):
            for i in range(len(pieces)):
                at, r, q, many = pieces[i]
                source = ((m * C + channel + o) * H + r) * W + q
                copy(flat, source, to, o * length + m * computed + at, many)


@compiled
def products(Y, line, image, taps, places, n, S):
    """Add to S (O, K) the products of n images' gradients Y (O, n computed) with what the outputs see.

    O is a multiple of DOWN, K of ACROSS, with as many taps.
    """
    O, K = S.shape
    length, starts = Y.shape[1], _starts(places, image, n)
    flat, total = Y.reshape(-1), S.reshape(-1)
    for o in range(0, O, DOWN):
        for k in range(0, K, ACROSS):
            inner(flat, o * length, length, line, taps, k, starts, total, o * K + k, K)
