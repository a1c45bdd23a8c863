"""Compiled loops of products in which a large matrix meets few rows or columns, and so is read or written once.

BLAS would copy the large matrix into an order of its own first, which takes longer than the product. In the loops, O
and K are the lengths of the large matrix, M is the small one; a vector has two halves of ``half`` numbers.
"""

import numpy

from cafe_edu.engines.loops_cpu import compiled
from cafe_edu.engines.registers import ACROSS, DOWN, inner, outer, outer_back, outer_column, outer_column_back

DEEP = 16  #: rows of a large matrix that are read together


@compiled
def rows_by_rows(W, x, half, y):
    """Write x (M, K) times W (O, K) transposed to y (O, M'), M' >= M and O multiples of a tile's lengths."""
    (O, K), M = W.shape, len(x)
    rows = (numpy.minimum(numpy.arange(y.shape[1]), M - 1) * K).astype(numpy.int32)
    whole = K // (2 * half) * 2 * half
    places = numpy.arange(0, whole, half)
    weights, numbers, to = W.reshape(-1), x.reshape(-1), y.reshape(-1)
    for o in range(0, O, DOWN):
        for m in range(0, y.shape[1], ACROSS):
            for r in range(o, o + DOWN):
                for c in range(m, min(m + ACROSS, M)):
                    y[r, c] = 0
                    for k in range(whole, K):
                        y[r, c] += W[r, k] * x[c, k]
            inner(weights, o * K, K, numbers, rows, m, places, to, o * y.shape[1] + m, y.shape[1])


@compiled
def rows_by_columns(a, M, W, first, end, half, y):
    """Write columns first .. end - 1, whole vectors, of a (M' >= M, O) times W (O, K) to y (M, K)."""
    (O, K), A, weights, to = W.shape, a.reshape(-1), W.reshape(-1), y.reshape(-1)
    places = numpy.arange(first, end, half)
    whole = len(places) // (2 * ACROSS) * 2 * ACROSS
    y[:, first:end] = 0
    for o in range(0, O, DEEP):
        rows = (numpy.arange(o, min(o + DEEP, O)) * K).astype(numpy.int32)
        for p in range(0, whole, 2 * ACROSS):
            for m in range(0, M, DOWN):
                outer_back(A, m * O + o, O, weights, rows, places, p, to, m * K, K, places, M - m)
        for p in range(whole, len(places), 2):
            for m in range(0, M, DOWN):
                outer_column_back(A, m * O + o, O, weights, rows, places, p, to, m * K, K, places, M - m)


@compiled
def columns_by_rows(a, x, end, half, y):
    """Write the first ``end`` columns, whole vectors, of a (O, M), O a multiple of DOWN, times x (M, K) to y (O, K)."""
    (O, M), K = a.shape, x.shape[1]
    A, numbers, to, nothing = a.reshape(-1), x.reshape(-1), y.reshape(-1), numpy.zeros(DOWN, a.dtype)
    rows, places = (numpy.arange(M) * K).astype(numpy.int32), numpy.arange(0, end, half)
    whole = len(places) // (2 * ACROSS) * 2 * ACROSS
    for o in range(0, O, DOWN):
        for p in range(0, whole, 2 * ACROSS):
            outer(A, o * M, M, numbers, rows, places, p, nothing, 0, to, o * K + p * half, K)
        for p in range(whole, len(places), 2):
            outer_column(A, o * M, M, numbers, rows, places, p, nothing, 0, to, o * K + p * half, K)
