"""The fast engine for a CPU, third part: depthwise convolution by the loops of ``depthwise_loops_cpu.py``."""

import functools
import math

import numpy as np

from cafe_edu.arrays.depthwise import Lines
from cafe_edu.engines import depthwise_loops_cpu as loops
from cafe_edu.engines.crew import crew


class Geometry:
    """What the loops want to know of a window over planes of one size.

    Attributes
    ----------
    phases : array of int, (phases, 8)
        Where its numbers stand in its rows (top, left), their distance in the plane (down, right), how many there are
        (rows, columns), and where in the plane they begin (y, x).
    begins : array of int, (K,)
        Where on the lines, one phase behind the other, each place's run begins.
    order, ends, backs : array of int
        The places by phase, where each phase's end, and where the runs that go back begin.
    """

    def __init__(self, size, out, window):
        lines = Lines(size, out, window)
        self.rows, self.run, self.front = tuple(lines.rows), lines.run, lines.front
        total, phases, begins, order, ends = math.prod(self.rows), [], {}, [], []
        for r, phase in enumerate(lines.phases):
            seen, source = phase.seen, phase.source
            lengths = [len(range(*one.indices(n))) for one, n in zip(source, size, strict=True)]
            starts = [one.indices(n)[0] for one, n in zip(seen, self.rows, strict=True)]
            begin = [one.indices(n)[0] for one, n in zip(source, size, strict=True)]
            phases.append([*starts, *window.stride, *lengths, *begin])
            begins |= {number: r * total + at for number, at in phase.runs.items()}
            order += list(phase.runs)
            ends.append(len(order))
        begins = np.array([begins[number] for number in range(len(begins))])
        backs = lines.front * lines.step - begins[order] % total
        self.phases, self.begins, self.backs, self.ends = (
            np.array(one, loops.SIZE) for one in (phases, begins, backs, ends)
        )
        self.order = np.array(order)


_geometry = functools.lru_cache(maxsize=256)(Geometry)  # a net asks for the same ones at every step


def depthwise_forward(x, W, b, window, y):
    """Write ``y = W * x + b`` for images (N, C, H, W), W (C M, 1, kernel...); ``b`` may be None."""
    at, sizes = _of(x, W, y, window)
    b = np.zeros(len(W), y.dtype) if b is None else b

    def work(part):
        arrays = x.reshape(-1), W.reshape(-1), b, sizes, at.phases, at.begins
        loops.forward(*arrays, loops.SIZE(part.start), loops.SIZE(part.stop), y.reshape(-1))

    crew().share(work, len(x) * x.shape[1])


def depthwise_backward(x, W, dy, window, dW, db, dx):
    """Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without the first two, x is not read)."""
    like = x if dx is None else dx
    (N, C), K = like.shape[:2], math.prod(W.shape[2:])
    at, sizes = _of(like, W, dy, window)
    if dW is not None or db is not None:
        each = np.empty((N, len(W), K + 1), dy.dtype)

        def weigh(part):
            arrays = x.reshape(-1), dy.reshape(-1), sizes, at.phases, at.begins
            loops.weight_backward(*arrays, loops.SIZE(part.start), loops.SIZE(part.stop), each.reshape(-1))

        crew().share(weigh, N * C)
        total = each.sum(axis=0)
        if dW is not None:
            dW += total[:, :K].reshape(W.shape)
        if db is not None:
            db += total[:, K]
    if dx is not None:
        weights = W.reshape(len(W), K)[:, at.order].reshape(-1)

        def back(part):
            arrays = weights, dy.reshape(-1), sizes, at.phases, at.backs, at.ends
            loops.data_backward(*arrays, loops.SIZE(part.start), loops.SIZE(part.stop), dx.reshape(-1))

        crew().share(back, N * C)


def _of(x, W, y, window):
    """The geometry, and the sizes that the loops want."""
    C, at = x.shape[1], _geometry(x.shape[2:], y.shape[2:], window)
    sizes = C, len(W) // C, math.prod(W.shape[2:]), *x.shape[2:], *y.shape[2:], *at.rows, at.run, at.front
    return at, tuple(map(loops.SIZE, sizes))
