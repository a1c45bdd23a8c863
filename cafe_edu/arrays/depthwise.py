r"""Depthwise convolution: every channel has windows of its own (``group`` is the number of channels).

.. math:: y_{cM+m,i,j} = \sum_{u,v} W_{cM+m,u,v}\; x_{c,\,is + ud - p,\,js + vd - p}

There is no sum over channels, so a product of matrices has little to do, and copying the columns for it is
what takes the time. They are copied in long runs if the padded image is read as one line of numbers, row
behind row: a step down the image is a step of one row's length along the line, so what all outputs see at
one place of the kernel is one run of the line, and at the next place the run begins a little further on. A run
goes on over the ends of the rows; what is computed there is left out when y is written.

With a stride of s, outputs see every s-th number. So the image is cut into phases first, the numbers that
leave the same remainder by s; within its phase a place is seen with stride 1.

The way back to x is such a sum again, with every run as far back as it was ahead:

.. math:: dx^{(r)}_t = \sum_{ud \bmod s = r} W_u\; dy_{t - \lfloor ud/s \rfloor}

Shapes: x (N, C, size...), W (C M, 1, kernel...), y (N, C M, out...). Images and channels are one axis here, of
N C lines, cut into blocks whose columns fit in the cache; ``lines`` or m counts them.

References
----------
Sifre 2014; Howard et al. 2017 (MobileNet). Lesson: day 11.
"""

import dataclasses
import functools
import math

import numpy as np

from cafe_edu.arrays.scratch import scratch
from cafe_edu.arrays.windows import Window, shifts
from cafe_edu.device import array_module

BLOCK = 2**19  #: numbers in the columns of a block: 2 MB of float32
GPU_BLOCK = 2**26  #: the same on a GPU, where few large steps are better


@dataclasses.dataclass(frozen=True)
class Phase:
    """The inputs that leave one remainder by the stride, and the places of the kernel that see them.

    Attributes
    ----------
    seen, source : tuple of slice
        Where in the phase (the rest is padding) which inputs stand.
    runs : dict
        For each place of the kernel, by its number, where on the line its run begins.
    """

    seen: tuple
    source: tuple
    runs: dict


class Lines:
    """How images of ``size`` lie on lines, and where the outputs' runs are on them.

    Attributes
    ----------
    rows : lengths of a phase's axes, as many as the outputs see
    step : how far on the line is the next row
    run : from the first output to the last, along the line
    phases : list of Phase

    Examples
    --------
    An image of 4 x 4, padded to 6 x 6: the run of a place is 6 further on than that of the place above it.

    >>> lines = Lines((4, 4), (4, 4), Window.square(3, pad=1))
    >>> lines.rows, lines.run, lines.phases[0].runs
    ([6, 6], 22, {0: 0, 1: 1, 2: 2, 3: 6, 4: 7, 5: 8, 6: 12, 7: 13, 8: 14})
    """

    def __init__(self, size, out, window):
        far = _far(window)
        self.out, self.rows = list(out), [o + f for o, f in zip(out, far, strict=True)]
        steps = [math.prod(self.rows[i + 1 :]) for i in range(len(out))]
        self.step, self.run = steps[0], sum((o - 1) * step for o, step in zip(out, steps, strict=True)) + 1
        runs = {}
        for number, place in enumerate(np.ndindex(*window.kernel)):
            ahead = [divmod(u * d, s) for u, d, s in zip(place, window.dilation, window.stride, strict=True)]
            begin = sum(q * step for (q, _), step in zip(ahead, steps, strict=True))
            runs.setdefault(tuple(r for _, r in ahead), {})[number] = begin
        self.phases = [Phase(*self._cut(size, r, window), begins) for r, begins in runs.items()]
        # dy gets empty rows in front, so that the runs of the way back have where to begin
        self.front = -(-sum(f * step for f, step in zip(far, steps, strict=True)) // self.step)

    def _cut(self, size, remainder, window):
        ones = (1,) * len(size)
        pad = tuple(p - r for p, r in zip(window.pad, remainder, strict=True))
        cuts = shifts(size, self.rows, Window(ones, window.stride, pad, ones))
        return next(((seen, source) for _, seen, source in cuts), ((slice(0),) * len(size),) * 2)

    @property
    def corner(self):
        """Where the outputs lie within their rows."""
        return tuple(slice(o) for o in self.out)


_lines = functools.lru_cache(maxsize=256)(Lines)  # a net asks for the same ones at every step


def _far(window):
    """How far ahead of the first place of the kernel the last one is, in rows of a phase, per axis."""
    return [d * (k - 1) // s for d, k, s in zip(window.dilation, window.kernel, window.stride, strict=True)]


def pays(W, window, out, group):
    """Is this the faster way, for weights (O, C / group, kernel...) and outputs of the lengths ``out``?

    Only if each group has one channel. With one place in the kernel there is nothing to gather; where the kernel
    is large beside the outputs, most of each run lies between rows; large strides make many short phases.
    """
    if group == 1 or W.shape[1] != 1 or math.prod(W.shape[2:]) == 1:
        return False
    rows = [o + far for o, far in zip(out, _far(window), strict=True)]
    return math.prod(rows) < 4 * math.prod(out) and math.prod(window.stride) <= 16


def depthwise_forward(x, W, window, y):
    """Write ``y = W * x``."""
    xp, (w, M, K) = array_module(x), _weights(x.shape[0], W, x.shape[1])
    lines = _lines(x.shape[2:], y.shape[2:], window)
    x, y = x.reshape(-1, *x.shape[2:]), y.reshape(-1, M, *y.shape[2:])
    for part in _blocks(x, K * lines.run):
        cols = _columns(x[part], lines, K)
        Y = scratch("y", (len(cols), M, lines.out[0], *lines.rows[1:]), y)
        xp.matmul(w[part], cols, out=Y.reshape(len(cols), M, -1)[:, :, : lines.run])
        y[part] = Y[:, :, *lines.corner]


def depthwise_backward(x, W, dy, window, dW, dx):
    """Add to ``dW``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read)."""
    like = x if dx is None else dx
    (N, C, *size), xp = like.shape, array_module(dy)
    w, M, K = _weights(N, W, C)
    lines = _lines(like.shape[2:], dy.shape[2:], window)
    dy = dy.reshape(N * C, M, *dy.shape[2:])
    each = None if dW is None else scratch("dW", (N * C, M, K), dW)
    most = max(len(phase.runs) for phase in lines.phases)
    for part in _blocks(dy, max(K * lines.run * (dW is not None), most * M * math.prod(lines.rows))):
        line = _padded(dy[part], lines)
        if dW is not None:
            cols = _columns(x.reshape(N * C, *size)[part], lines, K)
            begin = lines.front * lines.step
            xp.matmul(line[:, :, begin : begin + lines.run], cols.swapaxes(1, 2), out=each[part])
        if dx is not None:
            _back(line, w[part], lines, dx.reshape(N * C, *size)[part])
    if dW is not None:
        dW += each.reshape(N, C * M, K).sum(axis=0).reshape(W.shape)


def _weights(N, W, C):
    """Return the weights of every line, (N C, M, K), and M and K."""
    M, K = len(W) // C, math.prod(W.shape[2:])
    return array_module(W).tile(W.reshape(C, M, K), (N, 1, 1)), M, K


def _blocks(lines, numbers):
    """Cut the lines, each with so many numbers in its columns, into slices."""
    most = BLOCK if array_module(lines) is np else GPU_BLOCK
    n = max(1, most // numbers)
    return [slice(first, first + n) for first in range(0, len(lines), n)]


def _columns(x, lines, K):
    """Return the columns (m, K, run) of images (m, size...)."""
    cols = scratch("cols", (len(x), K, lines.run), x)
    for phase in lines.phases:
        line = scratch("x", (len(x), *lines.rows), x)
        line[...] = 0
        line[:, *phase.seen] = x[:, *phase.source]
        line = line.reshape(len(x), -1)
        for number, begin in phase.runs.items():
            cols[:, number] = line[:, begin : begin + lines.run]
    return cols


def _padded(dy, lines):
    """Return dy (m, M, out...) on lines, with zeros in front, between its rows and behind."""
    line = scratch("dy", (*dy.shape[:2], lines.front + lines.rows[0], *lines.rows[1:]), dy)
    line[...] = 0
    line[:, :, lines.front :][:, :, *lines.corner] = dy
    return line.reshape(*dy.shape[:2], -1)


def _back(line, w, lines, dx):
    """Overwrite dx (m, size...) with what the lines of dy send back."""
    xp, (m, M, _), total = array_module(dx), line.shape, math.prod(lines.rows)
    dx[...] = 0
    for phase in lines.phases:
        cols = scratch("cols", (m, M, len(phase.runs), total), dx)
        for i, begin in enumerate(phase.runs.values()):
            back = lines.front * lines.step - begin
            cols[:, :, i] = line[:, :, back : back + total]
        weights = w[:, :, list(phase.runs)].reshape(m, 1, -1)
        part = xp.matmul(weights, cols.reshape(m, -1, total)).reshape(m, *lines.rows)
        dx[:, *phase.source] = part[:, *phase.seen]
