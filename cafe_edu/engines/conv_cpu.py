"""Convolution on a CPU without columns: images on lines (``lines.py``), sums in registers (``registers.py``).

Blocks of images, or of one large image's rows, whose lines stay in the core's own cache, are shared out among the
threads of a crew. Arrays are as in ``plain.py``, which computes what is not for images (other than two spatial axes),
and what leaves most of each vector unused: outputs of few pixels.
"""

import math

import numpy as np

from cafe_edu.arrays.depthwise import pays
from cafe_edu.arrays.scratch import scratch
from cafe_edu.engines import conv_loops, plain
from cafe_edu.engines.crew import crew
from cafe_edu.engines.lines import backward_axes, forward_axes, lines
from cafe_edu.engines.registers import ACROSS, DOWN, half

BLOCK = 2**17  #: numbers on the lines of a block: half a MB of float32
USED = 0.3  #: part of the numbers computed that must be wanted
MANY = 128  #: vectors that the gradient of W adds up at a time, about


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    if not _suits(W, window, group, x, y):
        plain.conv_forward(x, W, b, window, group, y)
        return
    b = np.zeros((group, len(W) // group, 1), y.dtype) if b is None else b.reshape(group, -1, 1)
    _sums(x, _padded(W.reshape(group, len(W) // group, -1)), _padded(b), forward_axes(x.shape[2:], window, y.shape[2:]), y)


def conv_backward(x, W, dy, window, group, dW, db, dx):
    """Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read)."""
    if not _suits(W, window, group, x if dx is None else dx, dy):
        plain.conv_backward(x, W, dy, window, group, dW, db, dx)
        return
    if dW is not None or db is not None:
        _add_products(x, dy, window, group, dW, db)
    if dx is not None:
        _back(W, dy, window, group, dx)


def _suits(W, window, group, x, y):
    if y.ndim != 4 or not y.size or not x.size or pays(W, window, y.shape[2:], group):
        return False
    return lines(forward_axes(x.shape[2:], window, y.shape[2:]), y.shape[2], half(y.dtype)).used >= USED


def _padded(W):
    """W (G, O, K) with O made a multiple of DOWN."""
    G, O, K = W.shape
    if O % DOWN == 0:
        return W
    padded = np.zeros((G, -(-O // DOWN) * DOWN, K), W.dtype)
    padded[:, :O] = W
    return padded


def _sums(x, WG, b, axes, y):
    """Write to y, or to the numbers of it that the axes are for, W * x + b."""
    (N, C), O, group, width = x.shape[:2], y.shape[1], len(WG), half(y.dtype)
    stride, pad, first, step = ([axis[i] for axis in axes] for i in (2, 3, 5, 6))
    stride, pad, first, step = map(tuple, (stride, pad, first, step))
    blocks = _blocks(N, C, axes, len(crew().others) + 1, width)

    def work(part):
        for images, top, rows in blocks[part]:
            on = lines(axes, rows, width)
            n = images.stop - images.start
            line, image = _laid(x[images], top, on, axes)
            taps = on.all_taps(C // group)
            Y = scratch("Y", (DOWN, on.length(n)), y)
            for g in range(group):
                start, begin = g * O // group, g * (C // group) * on.channel
                where = taps, on.places, on.pieces, top, first, step
                conv_loops.sums(WG[g], b[g, :, 0], line[begin:], image, *where, start, O // group, y[images], Y)

    crew().share(work, len(blocks))


def _laid(x, top, on, axes):
    n, C = x.shape[:2]
    if not len(on.phases):
        return x.reshape(-1)[top * on.row :], C * on.channel
    line = scratch("line", (n * C * on.channel + on.beyond,), x)
    down, along = axes
    conv_loops.lay(
        x, top, on.phases, on.rows, on.row, (down.stride, along.stride), (down.pad, along.pad), on.beyond, line
    )
    return line, C * on.channel


def _blocks(N, C, axes, hands, width):
    """Cut into blocks: (slice of images, first output row, output rows)."""
    out = axes[0].out
    rows = out if N >= hands else -(-out // -(-hands // N))
    one = C * lines(axes, rows, width).channel
    if one > BLOCK and rows > 1:
        rows = -(-rows // -(-one // BLOCK))
    n = max(1, BLOCK // one) if rows == out else 1
    turns = -(-N // (n * hands))  # as many blocks for each hand
    n = -(-N // (turns * hands)) if n > 1 else 1
    return [
        (slice(i, min(i + n, N)), top, min(rows, out - top)) for i in range(0, N, n) for top in range(0, out, rows)
    ]


def _add_products(x, dy, window, group, dW, db):
    N, O = dy.shape[:2]
    sums = []
    axes = None if dW is None else forward_axes(x.shape[2:], window, dy.shape[2:])
    width = half(dy.dtype)

    def work(part):
        db_part = None if db is None else dy[part].sum(axis=(2, 3)).sum(axis=0)
        if dW is None:
            sums.append((part.start, None, db_part))
            return
        C = x.shape[1]
        places = math.prod(window.kernel)
        K = C // group * places
        S = np.zeros((group, -(-O // group // DOWN) * DOWN, -(-K // ACROSS) * ACROSS), dy.dtype)
        on = lines(axes, dy.shape[2], width)
        n = max(1, MANY // len(on.places))
        taps = on.all_taps(C // group)
        taps = np.concatenate([taps, np.repeat(taps[-1:], S.shape[2] - K)])
        for i in range(part.start, part.stop, n):
            images = slice(i, min(i + n, part.stop))
            line, image = _laid(x[images], 0, on, axes)
            m = images.stop - i
            Y = scratch("Y", (S.shape[1], on.length(m)), dy)
            for g in range(group):
                conv_loops.collect(dy[images], g * O // group, O // group, on.pieces, on.computed, Y)
                conv_loops.products(Y, line[g * (C // group) * on.channel :], image, taps, on.places, m, S[g])
        sums.append((part.start, S[:, : O // group, :K], db_part))

    crew().share(work, N)
    for _, S, db_part in sorted(sums, key=lambda one: one[0]):  # in one order: the same sum every time
        if dW is not None:
            dW += S.reshape(dW.shape)
        if db is not None:
            db += db_part


def _back(W, dy, window, group, dx):
    O, C = len(W), dx.shape[1]
    WG = W.reshape(group, O // group, C // group, -1)
    nothing = _padded(np.zeros((group, C // group, 1), dx.dtype))
    phases = list(backward_axes(dx.shape[2:], window, dy.shape[2:]))
    if sum(math.prod(axis.out for axis in axes) for axes, _ in phases) < math.prod(dx.shape[2:]):
        dx[...] = 0
    for axes, places in phases:
        turned = np.ascontiguousarray(WG[..., places].swapaxes(1, 2)).reshape(group, C // group, -1)
        _sums(dy, _padded(turned), nothing, axes, dx)
