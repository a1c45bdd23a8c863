"""Convolution on a CPU without columns: images on lines (``lines.py``), sums in registers (``registers.py``).

Blocks of images, or of one large image's rows, whose lines stay in the core's own cache, are shared out among the
threads of a crew. Arrays are as in ``plain.py``, which computes what is not for images (other than two spatial axes),
and what would leave most of each vector unused: outputs of few pixels.

In an array of weights (G, O, K), there are O outputs in each of G groups, rounded up to whole tiles.
"""

import math

import numpy as np

from cafe_edu.arrays.depthwise import pays
from cafe_edu.arrays.scratch import scratch
from cafe_edu.engines import conv_loops, plain
from cafe_edu.engines.crew import crew
from cafe_edu.engines.fast_depthwise_cpu import depthwise_backward, depthwise_forward
from cafe_edu.engines.instructions import lanes
from cafe_edu.engines.lines import axes_of, lines
from cafe_edu.engines.registers import ACROSS, DOWN

BLOCK = 2**17  #: numbers on the lines of a block: half a MB of float32
HALVES = 512  #: half vectors over which one tile of dW is summed, about
USED = 0.3  #: part of the numbers computed that must be wanted


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    if y.ndim == 4 and y.size and pays(W, window, y.shape[2:], group):
        depthwise_forward(x, W, b, window, y)
        return
    if not _suits(x, W, window, group, y):
        plain.conv_forward(x, W, b, window, group, y)
        return
    b = np.zeros(len(W), y.dtype) if b is None else b
    _sums(x, _tiles(W.reshape(group, len(W) // group, -1)), b, axes_of(x.shape[2:], window, y.shape[2:]), y)


def conv_backward(x, W, dy, window, group, dW, db, dx):
    """Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read)."""
    if dy.ndim == 4 and dy.size and pays(W, window, dy.shape[2:], group):
        depthwise_backward(x, W, dy, window, dW, db, dx)
        return
    if not _suits(x if dx is None else dx, W, window, group, dy):
        plain.conv_backward(x, W, dy, window, group, dW, db, dx)
        return
    if db is not None:
        db += _pixels(dy)
    if dW is not None:
        found = _products(x, dy, window, group, dW.shape)
        if np.isfinite(found).all():
            dW += found
        else:  # between the rows of an image 0 times inf may have been added: NaN for what nothing sees
            plain.conv_backward(x, W, dy, window, group, dW, None, None)
    if dx is not None:
        if np.isfinite(W).all():
            _back(W, dy, window, group, dx)
        else:
            plain.conv_backward(None, W, dy, window, group, None, None, dx)


def _suits(x, W, window, group, y):
    """Is this the way to compute it? Then an image's numbers can be counted by 32 bits, too."""
    if y.ndim != 4 or not y.size or not x.size:
        return False
    if max(x[0].size, y[0].size) >= 2**29:
        return False
    return lines(axes_of(x.shape[2:], window, y.shape[2:]), y.shape[2], lanes(y.dtype) // 2).used >= USED


def _tiles(W):
    """Return W (G, O, K) with O a multiple of DOWN, row behind row in memory."""
    G, O, K = W.shape
    if O % DOWN == 0:
        return np.ascontiguousarray(W)
    padded = np.zeros((G, O + -O % DOWN, K), W.dtype)
    padded[:, :O] = W
    return padded


def _sums(x, WG, b, axes, y):
    """Write ``y = W * x + b``."""
    (N, C), group, half = x.shape[:2], len(WG), lanes(y.dtype) // 2
    O, b = y.shape[1] // group, _tiles(b.reshape(group, -1, 1))
    blocks = _blocks(N, C, axes, half)

    def work(part):
        for images, top, rows in blocks[part]:
            on, target = lines(axes, rows, half), y[images]
            line, image, taps = _laid(x[images], top, on, axes), C * on.channel, on.all_taps(C // group)
            tile = scratch("tile", (DOWN, on.length(len(target))), y)
            where = taps, on.places, on.pieces, top
            for g in range(group):
                mine = line[g * C // group * on.channel :]
                conv_loops.sums(WG[g], b[g, :, 0], mine, image, *where, g * O, O, target, tile)

    crew().share(work, len(blocks))


def _laid(x, top, on, axes):
    """Return the lines of images x, from what output row ``top`` sees on."""
    if not len(on.phases):
        return x.reshape(-1)[top * on.row :]
    line = scratch("line", (len(x) * x.shape[1] * on.channel + on.beyond,), x)
    stride, pad = zip(*(axis[2:4] for axis in axes), strict=True)
    conv_loops.lay(x, top, on.phases, on.rows, on.row, stride, pad, on.beyond, line)
    return line


def _blocks(N, C, axes, half):
    """Cut N images of C channels: (slice of images, first output row, output rows)."""
    out, hands = axes[0].out, len(crew().others) + 1
    numbers = C * lines(axes, out, half).channel  # of one image
    parts = max(-(-hands // N), -(-numbers // BLOCK))  # of one image, so that all hands are full and no cache is
    rows = -(-out // parts)
    n = 1 if rows < out else max(1, BLOCK // numbers)
    n = -(-N // (hands * -(-N // (hands * n))))  # for every hand as many
    tops = [(top, min(rows, out - top)) for top in range(0, out, rows)]
    return [(slice(i, min(i + n, N)), *rows) for i in range(0, N, n) for rows in tops]


def _products(x, dy, window, group, shape):
    """Return the gradient of W."""
    (N, O), C, half = dy.shape[:2], x.shape[1] // group, lanes(dy.dtype) // 2
    axes, O, K = axes_of(x.shape[2:], window, dy.shape[2:]), O // group, math.prod(shape[1:])
    on = lines(axes, dy.shape[2], half)
    taps = on.all_taps(C)
    taps = np.append(taps, np.repeat(taps[:1], -K % ACROSS))
    n, parts = max(1, HALVES // len(on.places)), []

    def work(part):
        found = np.zeros((group, O + -O % DOWN, len(taps)), dy.dtype)
        for i in range(part.start, part.stop, n):
            images = slice(i, min(i + n, part.stop))
            line, source = _laid(x[images], 0, on, axes), dy[images]
            Y = scratch("Y", (found.shape[1], on.length(len(source))), dy)
            for g in range(group):
                conv_loops.collect(source, g * O, O, on.pieces, on.computed, Y)
                mine = line[g * C * on.channel :]
                conv_loops.products(Y, mine, group * C * on.channel, taps, on.places, len(source), found[g])
        parts.append((part.start, found[:, :O, :K]))

    crew().share(work, N)
    first, *others = _in_order(parts)
    return sum(others, first).reshape(shape)


def _pixels(dy):
    """The sum of each channel's pixels."""
    parts = []

    def work(part):
        parts.append((part.start, dy[part].reshape(*dy[part].shape[:2], -1).sum(axis=2).sum(axis=0)))

    crew().share(work, len(dy))
    return sum(_in_order(parts))


def _in_order(parts):
    """The results of (where a part begins, its result), whichever came first: so their sum is always the same."""
    return [found for _, found in sorted(parts, key=lambda part: part[0])]


def _back(W, dy, window, group, dx):
    """Overwrite dx."""
    (N, C), half, (O, _, *kernel) = dx.shape[:2], lanes(dx.dtype) // 2, W.shape
    axes, O, C = axes_of(dx.shape[2:], window, dy.shape[2:]), O // group, C // group
    on = lines(axes, dy.shape[2], half)
    turned = np.zeros((group, C + -C % DOWN, math.prod(kernel), O), W.dtype)
    WG = W.reshape(group, O, C, -1)
    stride, pad = zip(*(axis[2:4] for axis in axes), strict=True)
    n = max(1, HALVES // 4 // len(on.places), BLOCK // 2 // (group * C * on.channel))  # dy lies beside

    def turn(part):
        for g in range(group):
            conv_loops.turn(WG[g], part.start, turned[g, part])

    def work(part):
        for i in range(part.start, part.stop, n):
            images = slice(i, min(i + n, part.stop))
            source, target = dy[images], dx[images]
            Y = scratch("Y", (O, on.length(len(source))), dy)
            if len(on.phases):
                line = scratch("line", (target.shape[1] * len(target) * on.channel + on.beyond,), dx)
            else:
                line = target.reshape(-1)
            line[...] = 0
            for g in range(group):
                conv_loops.collect(source, g * O, O, on.pieces, on.computed, Y)
                mine = line[g * C * on.channel :]
                where = group * C * on.channel, on.channel, C, on.taps, on.places
                conv_loops.spread(turned[g], Y, *where, len(source), mine)
            if len(on.phases):
                conv_loops.pick_up(line, on.phases, on.rows, on.row, stride, pad, target)

    crew().share(turn, C)
    crew().share(work, N)
