"""Products of matrices on a CPU, shared out among the threads of a crew.

BLAS multiplies, one thread of it for each hand: its own threads would go on turning for some time after, in the way
of the crew. Where few items meet a large matrix of weights, as in an inner product of a small batch, it takes long to
read it and BLAS reads it twice; there the loops of ``product_loops.py`` do.
"""

import numpy as np

from cafe_edu.engines import product_loops
from cafe_edu.engines.crew import alone, crew
from cafe_edu.engines.instructions import lanes
from cafe_edu.engines.registers import ACROSS, DOWN

SMALL = 2**15  #: multiply-adds that are not shared out
FEW = 16  #: items that are few
MANY = 256  #: rows of a product from which they are shared out, not the columns


def product(a, b, out):
    """Write the matrix product a b to ``out``."""
    (rows, columns), inner = out.shape, a.shape[1]
    if rows * columns * inner < SMALL:
        np.matmul(a, b, out=out)
    elif rows <= FEW and _large(b.T, a) and a.flags.c_contiguous:
        _rows_by_rows(a, b.T, out)
    elif 1 < rows <= FEW and _large(b, a) and out.flags.c_contiguous:  # one row alone: BLAS reads W once, too
        _rows_by_columns(a, b, out)
    elif inner <= FEW and _large(out, a) and b.flags.c_contiguous:
        _columns_by_rows(a, b, out)
    else:
        _by_blas(a, b, out)


def _large(matrix, other):
    """Do loops pay for this matrix, and can they be used for it?"""
    fits = matrix.flags.c_contiguous and matrix.dtype == other.dtype and matrix.size < 2**31
    return fits and matrix.dtype.kind == "f" and min(matrix.shape) >= 4 * lanes(matrix.dtype)


def _rows_by_rows(x, W, out):
    O, half = len(W) // DOWN * DOWN, lanes(W.dtype) // 2
    y = np.empty((O, len(x) + -len(x) % ACROSS), W.dtype)

    def work(part):
        some = slice(part.start * DOWN, part.stop * DOWN)
        product_loops.rows_by_rows(W[some], x, half, y[some])
        out[:, some] = y[some, : len(x)].T

    crew().share(work, O // DOWN)
    out[:, O:] = x @ W[O:].T


def _rows_by_columns(a, W, out):
    width, (M, O) = lanes(W.dtype), a.shape
    padded = np.zeros((M + -M % DOWN, O), a.dtype)
    padded[:M] = a
    wide = ACROSS * width
    end = W.shape[1] // width * width

    def work(part):
        some = part.start * wide, min(part.stop * wide, end)
        product_loops.rows_by_columns(padded, M, W, *some, width // 2, out)

    crew().share(work, -(-end // wide))
    out[:, end:] = a @ W[:, end:]


def _columns_by_rows(a, x, out):
    O, width = len(out) // DOWN * DOWN, lanes(x.dtype)
    a, end = np.ascontiguousarray(a), out.shape[1] // width * width

    def work(part):
        some = slice(part.start * DOWN, part.stop * DOWN)
        product_loops.columns_by_rows(a[some], x, end, width // 2, out[some])

    crew().share(work, O // DOWN)
    out[O:] = a[O:] @ x
    out[:O, end:] = a[:O] @ x[:, end:]


def _by_blas(a, b, out):
    rows, columns = out.shape
    by_rows = rows >= min(columns, MANY)  # of few rows, every hand would read all of b

    def work(part):
        if by_rows:
            np.matmul(a[part], b, out=out[part])
        else:
            out[:, part] = np.matmul(a, b[:, part])

    with alone():
        crew().share(work, rows if by_rows else columns)
