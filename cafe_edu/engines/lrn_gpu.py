"""LRN on a GPU: a thread adds up the squares of its number's neighbours in other channels."""

import math

from cafe_edu.arrays.scratch import scratch
from cafe_edu.device import array_module
from cafe_edu.engines import plain
from cafe_edu.engines.cuda import launch

SOURCE = """
#define NEIGHBOURS(j) \\
    for (int j = max(-reach, -(plane % C)); j <= min(reach, C - 1 - plane % C); j++)

extern "C" __global__ void lrn_forward(
    int planes, long long size, const T* x, int C, int reach, T share, T beta, T k, T* s, T* y) {
    EACH_PLANE(plane) EACH(i) {
        T sum = 0;
        NEIGHBOURS(j) sum += x[(plane + j) * size + i] * x[(plane + j) * size + i];
        long long at = plane * size + i;
        s[at] = k + share * sum;
        y[at] = x[at] * pow(s[at], -beta);
    }
}

extern "C" __global__ void lrn_shares(
    int planes, long long size, const T* x, const T* dy, const T* s, T beta, T* shares) {
    EACH_PLANE(plane) EACH(i) {
        long long at = plane * size + i;
        shares[at] = dy[at] * x[at] * pow(s[at], -beta - 1);
    }
}

extern "C" __global__ void lrn_backward(
    int planes, long long size, const T* x, const T* dy, const T* s, const T* shares, int C, int reach, T pull, T beta,
    T* dx) {
    EACH_PLANE(plane) EACH(i) {
        T sum = 0;
        NEIGHBOURS(j) sum += shares[(plane + j) * size + i];
        long long at = plane * size + i;
        dx[at] = dy[at] * pow(s[at], -beta) + pull * x[at] * sum;
    }
}
"""


def lrn_forward(x, size, axes, alpha, beta, k, y):
    """Write ``y``; return what the way back needs: s, and None for its power, which the way back makes anew."""
    if axes != (1,):
        return plain.lrn_forward(x, size, axes, alpha, beta, k, y)
    s = array_module(x).empty_like(x)
    _run("lrn_forward", x, x, x.shape[1], size // 2, float(alpha / size), float(beta), float(k), s, y)
    return s, None


def lrn_backward(x, dy, kept, size, axes, alpha, beta, dx):
    """Overwrite ``dx``."""
    s, factor = kept
    if factor is not None:
        plain.lrn_backward(x, dy, kept, size, axes, alpha, beta, dx)
        return
    shares, pull = scratch("shares", x.shape, x), float(-2 * alpha * beta / size)
    _run("lrn_shares", x, x, dy, s, float(beta), shares)
    _run("lrn_backward", x, x, dy, s, shares, x.shape[1], size // 2, pull, float(beta), dx)


def _run(name, x, *arguments):
    launch(SOURCE, name, x, math.prod(x.shape[:2]), math.prod(x.shape[2:]), *arguments)
