"""Compiled loops for ``fast_normalization_cpu.py``: statistics of channels, scales and shifts, and LRN.

Arrays are (N, C, P): items, channels, and all that belongs to one channel of one item. They are read in the order in
which they lie in memory, as few times as can be. Sums run over P in the type of the numbers, many at a time, and over
the items in float64.
"""

import functools
import math

import numpy as np

from cafe_edu.engines.loops_cpu import compiled

# Sums may be reordered, so that several numbers are added at once; NaN and infinity stay what they are.
summing = functools.partial(compiled, fastmath={"reassoc", "contract"})


@summing
def _sum(line):
    total = line[0] * 0
    for i in range(line.size):
        total += line[i]
    return total


@summing
def _product(a, b):
    total = a[0] * 0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@summing
def _square(line, mean):
    total = mean * 0
    for i in range(line.size):
        total += (line[i] - mean) * (line[i] - mean)
    return total


@compiled
def normalize(x, first, end, mean, std, y, kept):
    """Write (x - mean) / std of the channels first .. end - 1 to y and, unless it is empty, to kept; y may be x."""
    N, _, P = x.shape
    for n in range(N):
        for c in range(first, end):
            source, line, shift, over = x[n, c], y[n, c], mean[c], 1 / std[c]
            if kept.size:
                copy = kept[n, c]
                for i in range(P):
                    copy[i] = line[i] = (source[i] - shift) * over
            else:
                for i in range(P):
                    line[i] = (source[i] - shift) * over


@compiled
def batch_norm_forward(x, first, end, eps, y, kept, mean, variance, std):
    """The same with the channels' own statistics, which are written too.

    Each item's mean m and sum of squares around it are found in the cache; those of the items so far, M and S, take
    them in: M grows by (m - M) / (n + 1), S by the item's and P n / (n + 1) (m - M)^2 (Chan, Golub, LeVeque 1979).
    """
    N, C, P = x.shape
    M, S = np.zeros(C), np.zeros(C)
    for n in range(N):
        for c in range(first, end):
            line = x[n, c]
            mean[c] = _sum(line) / P
            off = mean[c] - M[c]
            S[c] += _square(line, mean[c]) + P * n / (n + 1) * off * off
            M[c] += off / (n + 1)
    for c in range(first, end):
        mean[c], variance[c] = M[c], S[c] / (N * P)
        std[c] = math.sqrt(variance[c] + eps)
    normalize(x, first, end, mean, std, y, kept)


@compiled
def batch_norm_backward(dy, y, first, end, std, dx):
    """Write (dy - mean(dy) - y mean(y dy)) / std; dx may be dy."""
    N, C, P = dy.shape
    total, along = np.zeros(C), np.zeros(C)
    for n in range(N):
        for c in range(first, end):
            total[c] += _sum(dy[n, c])
            along[c] += _product(dy[n, c], y[n, c])
    means = np.empty((2, C), dy.dtype)  # in the type of the numbers
    for c in range(first, end):
        means[0, c], means[1, c] = total[c] / (N * P), along[c] / (N * P)
    for n in range(N):
        for c in range(first, end):
            slopes, numbers, target = dy[n, c], y[n, c], dx[n, c]
            shift, slope, over = means[0, c], means[1, c], 1 / std[c]
            for i in range(P):
                target[i] = (slopes[i] - shift - numbers[i] * slope) * over


@compiled
def scale_forward(x, first, end, s, b, y, kept):
    """Write s x + b to y and, unless it is empty, x to kept, of the items first .. end - 1; y may be x."""
    _, C, P = x.shape
    for n in range(first, end):
        for c in range(C):
            source, line = x[n, c], y[n, c]
            if kept.size:
                copy = kept[n, c]
                for i in range(P):
                    copy[i] = source[i]
            scale, shift = s[c], b[c]
            for i in range(P):
                line[i] = scale * source[i] + shift


@compiled
def scale_backward(dy, x, first, end, s, ds, db, dx):
    """Add to ds and db what the channels sum to, and write s dy to dx, where they are not empty; dx may be dy."""
    N, _, P = dy.shape
    for n in range(N):
        for c in range(first, end):
            slopes, scale = dy[n, c], s[c]
            if db.size:
                db[c] += _sum(slopes)
            if ds.size:
                ds[c] += _product(slopes, x[n, c])
            if dx.size:
                target = dx[n, c]
                for i in range(P):
                    target[i] = scale * slopes[i]


@compiled
def _factor(s, beta, line):
    """Write s to the power of -beta; the commonest one by roots, which a processor takes many of at a time."""
    if beta == 0.75:
        for i in range(s.size):
            root = np.sqrt(s[i])
            line[i] = 1 / (root * np.sqrt(root))
    else:
        for i in range(s.size):
            line[i] = s[i] ** -beta


@compiled
def lrn_forward(x, first, end, size, share, beta, k, y, s):
    """Write to s what the channels around say, k + share sum of squares, and x / s^beta to y."""
    _, C, P = x.shape
    for n in range(first, end):
        for c in range(C):
            line = s[n, c]
            line[:] = 0
            for j in range(max(0, c - size // 2), min(C, c + size // 2 + 1)):
                near = x[n, j]
                for i in range(P):
                    line[i] += near[i] * near[i]
            for i in range(P):
                line[i] = k + share * line[i]
            target, source = y[n, c], x[n, c]
            _factor(line, beta, target)
            for i in range(P):
                target[i] *= source[i]


@compiled
def lrn_backward(x, dy, s, first, end, size, pull, beta, work, dx):
    """Write dy / s^beta + pull x sum(dy x / s^(beta + 1)); work is (C, P)."""
    _, C, P = x.shape
    for n in range(first, end):
        for c in range(C):
            target, share, slopes, numbers, around = dx[n, c], work[c], dy[n, c], x[n, c], s[n, c]
            _factor(around, beta, target)
            for i in range(P):
                target[i] *= slopes[i]
                share[i] = target[i] * numbers[i] / around[i]
        for c in range(C):
            target, numbers = dx[n, c], x[n, c]
            for j in range(max(0, c - size // 2), min(C, c + size // 2 + 1)):
                share = work[j]
                for i in range(P):
                    target[i] += pull * numbers[i] * share[i]
