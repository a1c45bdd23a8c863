"""Compiled loops for ``fast_cpu.py``: plain Python as it stands, machine code when numba has seen it.

Each works on a few images, in one thread, and lets go of Python's lock; ``fast_cpu.py`` shares the images out. The
first call of each compiles it (about a second); the result is kept on disk for the next time.
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
def _copy(source, target):
    for j in range(target.size):
        target[j] = source[j]


@compiled
def _add(source, target):
    for j in range(target.size):
        target[j] += source[j]


@compiled
def images_last(x, last):
    """Write x (n, L) to last (L, n)."""
    n, L = x.shape
    for i in range(L):
        for m in range(n):
            last[i, m] = x[m, i]


@compiled
def images_first(last, x):
    """Write last (L, n) to x (n, L)."""
    n, L = x.shape
    for m in range(n):
        for i in range(L):
            x[m, i] = last[i, m]


@compiled
def spread(Y, b, y):
    """Write Y (O, P, n) and a bias to y (n, O, P)."""
    n, O, P = y.shape
    for m in range(n):
        for o in range(O):
            for p in range(P):
                y[m, o, p] = Y[o, p, m] + b[o]


@compiled
def collect(dy, Y):
    """Write dy (n, O, P) to Y (O, P, n)."""
    n, O, P = dy.shape
    for o in range(O):
        for p in range(P):
            for m in range(n):
                Y[o, p, m] = dy[m, o, p]


@compiled
def im2col(x, n, kernel, stride, pad, dilation, OW, top, rows, cols):
    """Write the columns of output rows top .. top + rows - 1: x (m, C, H, W n), cols (m, C kh kw, rows, OW n)."""
    C, H, W = x.shape[1], x.shape[2], x.shape[3] // n
    kh, kw = kernel
    for image in range(len(x)):
        for c in range(C):
            for u in range(kh):
                for v in range(kw):
                    k = (c * kh + u) * kw + v
                    low, high, first = _seen(W, OW, v, stride[1], pad[1], dilation[1])
                    for i in range(rows):
                        r = (top + i) * stride[0] + u * dilation[0] - pad[0]
                        line = cols[image, k, i]
                        if r < 0 or r >= H:
                            _clear(line)
                            continue
                        if low > 0:
                            _clear(line[: low * n])
                        if stride[1] == 1:  # one long run
                            _copy(x[image, c, r, (first + low) * n : (first + high) * n], line[low * n : high * n])
                        elif n == 1:
                            for q in range(low, high):
                                line[q] = x[image, c, r, first + q * stride[1]]
                        else:
                            for q in range(low, high):
                                begin = (first + q * stride[1]) * n
                                _copy(x[image, c, r, begin : begin + n], line[q * n : (q + 1) * n])
                        if high < OW:
                            _clear(line[high * n :])


@compiled
def col2im(cols, n, kernel, stride, pad, dilation, OW, top, rows, x):
    """Add the columns of output rows top .. top + rows - 1 back to x (m, C, H, W n)."""
    C, H, W = x.shape[1], x.shape[2], x.shape[3] // n
    kh, kw = kernel
    for image in range(len(x)):
        for c in range(C):
            for u in range(kh):
                for i in range(rows):
                    r = (top + i) * stride[0] + u * dilation[0] - pad[0]
                    if r < 0 or r >= H:
                        continue
                    for v in range(kw):
                        low, high, first = _seen(W, OW, v, stride[1], pad[1], dilation[1])
                        line, target = cols[image, (c * kh + u) * kw + v, i], x[image, c, r]
                        if stride[1] == 1:
                            _add(line[low * n : high * n], target[(first + low) * n : (first + high) * n])
                        elif n == 1:
                            for q in range(low, high):
                                target[first + q * stride[1]] += line[q]
                        else:
                            for q in range(low, high):
                                begin = (first + q * stride[1]) * n
                                _add(line[q * n : (q + 1) * n], target[begin : begin + n])


@compiled
def _keep_larger(source, s, number, best, at):
    """Where an input is larger than the best so far, take it and its number; NaN stays.

    No branches, which could not be foreseen, and strides that the compiler sees: so it can do many at once.
    """
    if s == 1:
        for j in range(best.size):
            larger = (source[j] > best[j]) | (source[j] != source[j])
            best[j] = source[j] if larger else best[j]
            at[j] = number if larger else at[j]
    elif s == 2:
        for j in range(best.size):
            larger = (source[2 * j] > best[j]) | (source[2 * j] != source[2 * j])
            best[j] = source[2 * j] if larger else best[j]
            at[j] = number if larger else at[j]
    else:
        for j in range(best.size):
            larger = (source[s * j] > best[j]) | (source[s * j] != source[s * j])
            best[j] = source[s * j] if larger else best[j]
            at[j] = number if larger else at[j]


@compiled
def max_forward(x, kernel, stride, pad, numbers, y, index):
    """The largest of each window, and its place in the window (one of ``numbers``); the first of equal ones."""
    n, C, H, W = x.shape
    OH, OW = y.shape[2:]
    for m in range(n):
        for c in range(C):
            for i in range(OH):
                best, at = y[m, c, i], index[m, c, i]
                for j in range(OW):
                    best[j], at[j] = -numpy.inf, 0
                for u in range(kernel[0]):
                    r = i * stride[0] - pad[0] + u
                    if 0 <= r < H:
                        for v in range(kernel[1]):
                            low, high, first = _seen(W, OW, v, stride[1], pad[1], 1)
                            source = x[m, c, r, first + low * stride[1] :]
                            _keep_larger(source, stride[1], numbers[u * kernel[1] + v], best[low:high], at[low:high])


@compiled
def max_forward_2x2(x, numbers, y, index):
    """The same for the commonest window: 2 x 2, stride 2, none over the edge."""
    n, C = x.shape[:2]
    OH, OW = y.shape[2:]
    for m in range(n):
        for c in range(C):
            for i in range(OH):
                a, b, best, at = x[m, c, 2 * i], x[m, c, 2 * i + 1], y[m, c, i], index[m, c, i]
                for j in range(OW):
                    largest, number = a[2 * j], numbers[0]
                    larger = (a[2 * j + 1] > largest) | (a[2 * j + 1] != a[2 * j + 1])
                    largest, number = a[2 * j + 1] if larger else largest, numbers[1] if larger else number
                    larger = (b[2 * j] > largest) | (b[2 * j] != b[2 * j])
                    largest, number = b[2 * j] if larger else largest, numbers[2] if larger else number
                    larger = (b[2 * j + 1] > largest) | (b[2 * j + 1] != b[2 * j + 1])
                    largest, number = b[2 * j + 1] if larger else largest, numbers[3] if larger else number
                    best[j], at[j] = largest, number


@compiled
def max_backward(dy, index, kernel, stride, pad, dx):
    """Each output's gradient goes to the one input that was largest."""
    n, C, OH, OW = dy.shape
    dx[...] = 0
    for m in range(n):
        for c in range(C):
            plane = dx[m, c]
            for i in range(OH):
                above, at, slope = i * stride[0] - pad[0], index[m, c, i], dy[m, c, i]
                for j in range(OW):
                    u = at[j] // kernel[1]
                    plane[above + u, j * stride[1] - pad[1] + at[j] - u * kernel[1]] += slope[j]


@compiled
def ave_forward(x, kernel, stride, pad, y):
    """The mean of each window; padding counts as zeros, what lies beyond it does not count."""
    n, C, H, W = x.shape
    OH, OW = y.shape[2:]
    for m in range(n):
        for c in range(C):
            for i in range(OH):
                r = i * stride[0] - pad[0]
                end = min(r + kernel[0], H + pad[0])
                for j in range(OW):
                    q = j * stride[1] - pad[1]
                    stop = min(q + kernel[1], W + pad[1])
                    total = x[m, c, 0, 0] * 0
                    for a in range(max(r, 0), min(end, H)):
                        for b in range(max(q, 0), min(stop, W)):
                            total += x[m, c, a, b]
                    y[m, c, i, j] = total / ((end - r) * (stop - q))


@compiled
def ave_backward(dy, kernel, stride, pad, dx):
    """Each input of a window gets an equal share of its output's gradient."""
    n, C, H, W = dx.shape
    OH, OW = dy.shape[2:]
    dx[...] = 0
    for m in range(n):
        for c in range(C):
            for i in range(OH):
                r = i * stride[0] - pad[0]
                end = min(r + kernel[0], H + pad[0])
                for j in range(OW):
                    q = j * stride[1] - pad[1]
                    stop = min(q + kernel[1], W + pad[1])
                    share = dy[m, c, i, j] / ((end - r) * (stop - q))
                    for a in range(max(r, 0), min(end, H)):
                        for b in range(max(q, 0), min(stop, W)):
                            dx[m, c, a, b] += share


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
