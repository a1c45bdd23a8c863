"""Compiled loops for ``fast_cpu.py``: plain Python as it stands, machine code when numba has seen it.

Each works on a few images, in one thread, and lets go of Python's lock; ``fast_cpu.py`` shares the images out. The
first call of each compiles it (about a second); the result is kept on disk for the next time. (It is thrown away when
the loop's own file changes, not when another does that it takes something from: then delete ``__pycache__``.)
"""

import numba
import numpy


def compiled(function, **more):
    """Have numba compile a function when it is first called, and keep the result where that can be written."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy", **more)(function)
    except RuntimeError:  # no folder to write to
        return numba.njit(nogil=True, error_model="numpy", **more)(function)


@compiled
def _seen(n, out, place, s, p, d):
    """First and one past the last output that sees an input at this place of the kernel; the input of output 0."""
    first = place * d - p
    low = 0 if first >= 0 else (-first + s - 1) // s
    high = (n - 1 - first) // s + 1 if n - 1 - first >= 0 else 0
    low = min(low, out)
    return low, max(low, min(out, high)), first


@compiled
def _clear(line):
    for j in range(line.size):
        line[j] = 0


@compiled
def max_backward(dy, index, kernel, stride, pad, dx):
    """Each output's gradient goes to the one input that was largest; all are planes (n, H, W)."""
    n, OH, OW = dy.shape
    dx[...] = 0
    for m in range(n):
        for i in range(OH):
            above, at, slope = i * stride[0] - pad[0], index[m, i], dy[m, i]
            for j in range(OW):
                u = at[j] // kernel[1]
                r, q = above + u, j * stride[1] - pad[1] + at[j] - u * kernel[1]
                if r >= 0 and q >= 0:  # a window of nothing but -inf has its largest at 0, which may be padding
                    dx[m, r, q] += slope[j]


@compiled
def ave_backward(dy, kernel, stride, pad, dx):
    """Each input of a window gets an equal share of its output's gradient; all are planes (n, H, W)."""
    n, H, W = dx.shape
    OH, OW = dy.shape[1:]
    dx[...] = 0
    for m in range(n):
        for i in range(OH):
            r = i * stride[0] - pad[0]
            end = min(r + kernel[0], H + pad[0])
            for j in range(OW):
                q = j * stride[1] - pad[1]
                stop = min(q + kernel[1], W + pad[1])
                share = dy[m, i, j] / ((end - r) * (stop - q))
                for a in range(max(r, 0), min(end, H)):
                    for b in range(max(q, 0), min(stop, W)):
                        dx[m, a, b] += share


@compiled
def relu_forward(x, y, positive):
    """max(x, 0), and where x is positive; flat arrays."""
    for i in range(x.size):
        positive[i] = x[i] > 0
        y[i] = x[i] if not x[i] <= 0 else 0  # NaN stays NaN


@compiled
def relu(x, y):
    """max(x, 0); flat arrays."""
    for i in range(x.size):
        y[i] = x[i] if not x[i] <= 0 else 0


@compiled
def relu_backward(dy, positive, dx):
    """What of dy passes; flat arrays."""
    for i in range(dy.size):
        dx[i] = dy[i] * positive[i]


@compiled
def sgd_update(w, g, h, scale, decay, momentum, rate):
    """One step downhill with momentum; flat arrays."""
    for i in range(w.size):
        h[i] = momentum * h[i] + rate * (scale * g[i] + decay * w[i])
        w[i] -= h[i]
        g[i] = h[i]


@compiled
def adam_update(w, g, m, v, scale, decay, beta1, rest1, beta2, rest2, rate, delta):
    """One step of Adam; flat arrays."""
    for i in range(w.size):
        slope = scale * g[i] + decay * w[i]
        m[i] = beta1 * m[i] + rest1 * slope
        v[i] = beta2 * v[i] + rest2 * (slope * slope)
        g[i] = rate * m[i] / (numpy.sqrt(v[i]) + delta)
        w[i] -= g[i]
