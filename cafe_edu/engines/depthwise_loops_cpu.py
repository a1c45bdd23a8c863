"""Compiled loops for ``fast_depthwise_cpu.py``: depthwise convolution, one plane of an image at a time.

The method is that of ``arrays/depthwise.py``: on the padded plane, read as one line, what all outputs see at one place
of the kernel is one run. Here no columns are written: the runs of a plane are weighed and added up where they lie, in
the core's own cache. Planes are (N C, H, W); ``phases`` and ``begins`` are made by ``fast_depthwise_cpu.py``.
"""

import numpy as np

from cafe_edu.engines.loops_cpu import compiled
from cafe_edu.engines.normalization_loops_cpu import summing

# Everything is indexed flat, by unsigned numbers: a cut of an array would cost more than the few numbers of a small
# plane, and a signed index is first asked whether it counts from the end.
SIZE = np.uintp
ZERO, ONE, TWO, NINE = SIZE(0), SIZE(1), SIZE(2), SIZE(9)
CHUNK = SIZE(2048)  #: numbers of a line that are worked on together


@compiled
def _weigh(source, at, begins, first, end, W, weight, line, low, high):
    """Add to line[low:high] the runs of the places first .. end - 1, each times its weight; W[weight] is place 0's."""
    k, n = first, high - low
    at = at + low
    while k + NINE <= end:  # all of a 3 x 3 kernel in one go: the line is read and written once
        a, b, c = at + begins[k], at + begins[k + ONE], at + begins[k + TWO]
        p, q, r = W[weight + k], W[weight + k + ONE], W[weight + k + TWO]
        k += TWO + ONE
        d, e, f = at + begins[k], at + begins[k + ONE], at + begins[k + TWO]
        s, t, u = W[weight + k], W[weight + k + ONE], W[weight + k + TWO]
        k += TWO + ONE
        g, h, m = at + begins[k], at + begins[k + ONE], at + begins[k + TWO]
        v, x, y = W[weight + k], W[weight + k + ONE], W[weight + k + TWO]
        k += TWO + ONE
        for i in range(n):
            above = p * source[a + i] + q * source[b + i] + r * source[c + i]
            middle = s * source[d + i] + t * source[e + i] + u * source[f + i]
            line[low + i] += above + middle + (v * source[g + i] + x * source[h + i] + y * source[m + i])
    while k + TWO <= end:
        a, b, p, q = at + begins[k], at + begins[k + ONE], W[weight + k], W[weight + k + ONE]
        for i in range(n):
            line[low + i] += p * source[a + i] + q * source[b + i]
        k += TWO
    if k < end:
        a, p = at + begins[k], W[weight + k]
        for i in range(n):
            line[low + i] += p * source[a + i]


@compiled
def _copy(source, at, step, target, to, by, n):
    """Write n numbers, every step-th of source, to every by-th of target; the compiler sees the commonest steps."""
    if step == ONE and by == ONE:
        for j in range(n):
            target[to + j] = source[at + j]
    elif step == TWO and by == ONE:
        for j in range(n):
            target[to + j] = source[at + TWO * j]
    elif step == ONE and by == TWO:
        for j in range(n):
            target[to + TWO * j] = source[at + j]
    else:
        for j in range(n):
            target[to + by * j] = source[at + step * j]


@compiled
def _lay(x, at, width, phases, rows, columns, lines):
    """Write the phases of a plane, which begins at ``at``, to their lines, whose padding is zero already."""
    for r in range(SIZE(len(phases))):
        to = (r * rows + phases[r, 0]) * columns + phases[r, 1]
        begin = at + phases[r, 6] * width + phases[r, 7]
        for i in range(phases[r, 4]):
            _copy(x, begin + i * phases[r, 2] * width, phases[r, 3], lines, to + i * columns, ONE, phases[r, 5])


@compiled
def forward(x, W, b, sizes, phases, begins, first, end, y):
    """Write the planes first .. end - 1 of y = W * x + b; all arrays are flat.

    ``sizes`` are C, M, K, H, W, OH, OW, the rows and columns of a phase, the run, and the empty rows of a way back.
    """
    C, M, K, H, width, OH, OW, rows, columns, run = sizes[:10]
    lines, line = np.zeros(SIZE(len(phases)) * rows * columns, x.dtype), np.empty(rows * columns, x.dtype)
    for p in range(first, end):
        _lay(x, p * H * width, width, phases, rows, columns, lines)
        for m in range(M):
            weight = p % C * M + m
            for i in range(run):
                line[i] = b[weight]
            for low in range(ZERO, run, CHUNK):
                _weigh(lines, ZERO, begins, ZERO, K, W, weight * K, line, low, min(low + CHUNK, run))
            for i in range(OH):
                _copy(line, i * columns, ONE, y, ((p * M + m) * OH + i) * OW, ONE, OW)


@summing
def _product(a, at, b, n):
    """The sum of a[at + i] b[i]."""
    total = b[0] * 0
    for i in range(n):
        total += a[at + i] * b[i]
    return total


@summing
def _sum(line, n):
    total = line[0] * 0
    for i in range(n):
        total += line[i]
    return total


@compiled
def weight_backward(x, dy, sizes, phases, begins, first, end, each):
    """Write each plane's part of dW, K numbers for each output, and behind them that of db."""
    _, M, K, H, width, OH, OW, rows, columns, run = sizes[:10]
    lines, slopes = np.zeros(SIZE(len(phases)) * rows * columns, x.dtype), np.zeros(rows * columns, x.dtype)
    for p in range(first, end):
        _lay(x, p * H * width, width, phases, rows, columns, lines)
        for m in range(M):
            for i in range(OH):
                _copy(dy, ((p * M + m) * OH + i) * OW, ONE, slopes, i * columns, ONE, OW)
            at = (p * M + m) * (K + ONE)
            for k in range(K):
                each[at + k] = _product(lines, begins[k], slopes, run)
            each[at + K] = _sum(slopes, run)


@compiled
def data_backward(W, dy, sizes, phases, backs, ends, first, end, dx):
    """Overwrite the planes first .. end - 1 of dx.

    The weights are sorted by phase; those of phase r end at ``ends[r]``. In a line of dy, with rows of zeros before it,
    the run that goes back from a place begins at ``backs``.
    """
    C, M, K, H, width, OH, OW, rows, columns, _, front = sizes
    total, padded = rows * columns, (front + rows) * columns
    slopes, line = np.zeros(M * padded, dy.dtype), np.empty(total, dy.dtype)
    for p in range(first, end):
        at = p * H * width
        for i in range(H * width):
            dx[at + i] = 0
        for m in range(M):
            for i in range(OH):
                _copy(dy, ((p * M + m) * OH + i) * OW, ONE, slopes, m * padded + (front + i) * columns, ONE, OW)
        begin = ZERO
        for r in range(SIZE(len(phases))):
            for i in range(total):
                line[i] = 0
            for m in range(M):
                weight = (p % C * M + m) * K
                for low in range(ZERO, total, CHUNK):
                    high = min(low + CHUNK, total)
                    _weigh(slopes, m * padded, backs, begin, ends[r], W, weight, line, low, high)
            top, left = phases[r, 0], phases[r, 1]
            to = at + phases[r, 6] * width + phases[r, 7]
            for i in range(phases[r, 4]):
                begin_of = (top + i) * columns + left
                _copy(line, begin_of, ONE, dx, to + i * phases[r, 2] * width, phases[r, 3], phases[r, 5])
            begin = ends[r]
