"""Compiled loops for ``fast_normalization_cpu.py``: statistics of channels, scales and shifts, and LRN.

Arrays are (N, C, P): items, channels, and all that belongs to one channel of one item. A channel is read item by item
while it is in the core's own cache, so its mean, its variance and what is made with them cost one pass through memory.
Sums run over P in the type of the numbers, many at a time, and over the items in float64.
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
def _normalize(x, c, shift, over, y, kept):
    """Write (x - shift) over of one channel to y and, unless it is empty, to kept; y may be x."""
    for n in range(len(x)):
        source, line = x[n, c], y[n, c]
        for i in range(line.size):
            line[i] = (source[i] - shift) * over
        if kept.size:
            copy = kept[n, c]
            for i in range(line.size):
                copy[i] = line[i]


@compiled
def batch_norm_forward(x, first, end, eps, y, kept, mean, variance, std):
    """Statistics of the channels first .. end - 1, and what is normalized with them."""
    N, _, P = x.shape
    for c in range(first, end):
        total = 0.0
        for n in range(N):
            total += _sum(x[n, c])
        mean[c] = total / (N * P)
        total = 0.0
        for n in range(N):
            total += _square(x[n, c], mean[c])
        variance[c] = total / (N * P)
        std[c] = math.sqrt(variance[c] + eps)
        _normalize(x, c, mean[c], 1 / std[c], y, kept)


@compiled
def normalize(x, first, end, mean, std, y, kept):
    """The same with statistics that are known."""
    for c in range(first, end):
        _normalize(x, c, mean[c], 1 / std[c], y, kept)


@compiled
def batch_norm_backward(dy, y, first, end, std, dx):
    """Write (dy - mean(dy) - y mean(y dy)) / std; dx may be dy."""
    N, _, P = dy.shape
    means = np.empty(2, dy.dtype)
    for c in range(first, end):
        total, along = 0.0, 0.0
        for n in range(N):
            total += _sum(dy[n, c])
            along += _product(dy[n, c], y[n, c])
        means[0], means[1] = total / (N * P), along / (N * P)  # in the type of the numbers
        shift, slope, over = means[0], means[1], 1 / std[c]
        for n in range(N):
            slopes, numbers, target = dy[n, c], y[n, c], dx[n, c]
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
    """Write to ds and db what the channels sum to, and s dy to dx, where they are not empty; dx may be dy."""
    N, _, P = dy.shape
    for c in range(first, end):
        total, along, scale = 0.0, 0.0, s[c]
        for n in range(N):
            slopes = dy[n, c]
            if db.size:
                total += _sum(slopes)
            if ds.size:
                along += _product(slopes, x[n, c])
            if dx.size:
                target = dx[n, c]
                for i in range(P):
                    target[i] = scale * slopes[i]
        if db.size:
            db[c] = total
        if ds.size:
            ds[c] = along


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
