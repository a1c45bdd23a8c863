"""Compiled loops of a convolution over lines (``lines.py``): laying them, summing over them, and putting results back.

Each works on a few images, in one thread, and lets go of Python's lock.
"""

import numpy

from cafe_edu.engines.loops_cpu import _clear, _seen, compiled
from cafe_edu.engines.registers import (
    ACROSS,
    DOWN,
    copy,
    inner,
    outer,
    outer_back,
    outer_column,
    outer_column_back,
)


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
def pick_up(line, phases, rows, row, stride, pad, x):
    """Overwrite images x (n, C, H, W) by what lies on their lines; what has no place there is zero."""
    n, C, H, W = x.shape
    flat, at = x.reshape(-1), 0
    _clear(flat)
    for m in range(n):
        for c in range(C):
            for f in range(len(phases)):
                low, high, first = _seen(W, row, phases[f, 1], stride[1], pad[1], 1)
                for i in range(rows):
                    r = i * stride[0] + phases[f, 0] - pad[0]
                    to = ((m * C + c) * H + r) * W + first
                    if 0 <= r < H and stride[1] == 1:
                        copy(line, at + low, flat, to + low, high - low)
                    elif 0 <= r < H:
                        for j in range(low, high):
                            flat[to + j * stride[1]] = line[at + j]
                    at += row


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
def sums(W, b, line, image, taps, places, pieces, top, channel, O, y, Y):
    """Write ``y = W * x + b``, x on lines: one group's W (O', K) and b (O',), O' >= O a multiple of DOWN.

    The group's O channels of y (n, C, H, W) begin at ``channel``.

    ``image`` is the length of an image's lines, ``top`` the row of y that is computed first; ``Y`` is work space.
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
                    copy(tile, source, to, ((m * C + channel + a) * H + top + r) * width + q, many)


@compiled
def collect(dy, channel, O, pieces, computed, Y):
    """Write O channels of dy (n, C, H, W) to Y (O' >= O, n computed), as ``sums`` computes them; zeros in between."""
    n, C, H, W = dy.shape
    length = Y.shape[1]
    flat, to = dy.reshape(-1), Y.reshape(-1)
    if n * O * pieces[:, 3].sum() < to.size:
        _clear(to)
    for o in range(O):
        for m in range(n):
            for i in range(len(pieces)):
                at, r, q, many = pieces[i]
                source = ((m * C + channel + o) * H + r) * W + q
                copy(flat, source, to, o * length + m * computed + at, many)


@compiled
def turn(W, C, turned):
    """Write W (O, C', kernel's places), from channel C on, to ``turned`` (C'', places, O), 16 outputs at a time."""
    O, kernel = len(W), W.shape[2]
    for first in range(0, O, 16):
        for c in range(len(turned)):
            for t in range(kernel):
                for o in range(first, min(first + 16, O)):
                    turned[c, t, o] = W[o, C + c, t]


@compiled
def spread(W, Y, image, channel, channels, taps, places, n, line):
    """Add to lines what n images' gradients Y (O, n computed) send back over W (C, places of the kernel, O).

    C is ``channels``, made a multiple of DOWN.
    """
    (C, kernel, O), (length, starts) = W.shape, (Y.shape[1], _starts(places, image, n))
    weights, flat, whole = W.reshape(-1), Y.reshape(-1), len(starts) // (2 * ACROSS) * 2 * ACROSS
    rows, at = (numpy.arange(O) * length).astype(numpy.int32), numpy.arange(len(starts)) * (length // len(starts))
    for c in range(0, C, DOWN):
        for p in range(0, whole, 2 * ACROSS):
            for t in range(kernel):
                w, begin = (c * kernel + t) * O, c * channel + taps[t]
                outer_back(weights, w, kernel * O, flat, rows, at, p, line, begin, channel, starts, channels - c)
        for p in range(whole, len(starts), 2):
            for t in range(kernel):
                w, begin = (c * kernel + t) * O, c * channel + taps[t]
                outer_column_back(weights, w, kernel * O, flat, rows, at, p, line, begin, channel, starts, channels - c)


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
