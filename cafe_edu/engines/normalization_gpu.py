"""BatchNorm and Scale on a GPU: sums over channels in two passes, then a thread for each number.

The first pass leaves some hundreds of sums for a channel, each of numbers that lie next to those of its neighbours;
the second adds these up. Arrays are (N, C, P), as in ``arrays/batch_norm.py`` and ``arrays/scaling.py``.
"""

from cafe_edu.device import array_module
from cafe_edu.engines.cuda import launch

AT_ONCE = 2**17  #: threads that keep a GPU busy
EACH = 8  #: numbers that a thread adds up at least

SOURCE = """
// numbers of a channel, one in every `size`: the plane is a channel, i counts the sums it is cut into
#define WALK(at) \\
    for (long long n = i / P, p = i % P, at = (n * planes + plane) * P + p; n < N; \\
         n += size / P, p += size % P, n += p >= P, p -= p >= P ? P : 0, at = (n * planes + plane) * P + p)

extern "C" __global__ void channel_sums(
    int planes, long long size, const T* x, const T* y, int N, int P, double* sums) {
    EACH_PLANE(plane) EACH(i) {
        double x_sum = 0, xy_sum = 0;
        WALK(at) {
            x_sum += x[at];
            xy_sum += (double) x[at] * y[at];
        }
        sums[plane * size + i] = x_sum;
        sums[(planes + plane) * size + i] = xy_sum;
    }
}

extern "C" __global__ void channel_squares(
    int planes, long long size, const T* x, const double* sums, int N, int P, double* squares) {
    EACH_PLANE(plane) EACH(i) {
        double mean = sums[plane] / ((double) N * P), sum = 0;
        WALK(at) sum += (x[at] - mean) * (x[at] - mean);
        squares[plane * size + i] = sum;
    }
}

extern "C" __global__ void statistics(
    int planes, long long size, const double* sums, const double* squares, T numbers, T eps, T* mean, T* variance,
    T* std) {
    EACH(c) {
        mean[c] = sums[c] / numbers;
        variance[c] = squares[c] / numbers;
        std[c] = sqrt(variance[c] + eps);
    }
}

extern "C" __global__ void normalize(
    int planes, long long size, const T* x, const T* mean, const T* std, int C, T* y, T* kept) {
    EACH_PLANE(plane) EACH(i) {
        long long at = plane * size + i;
        T number = (x[at] - mean[plane % C]) / std[plane % C];
        y[at] = number;
        if (kept != y) kept[at] = number;
    }
}

extern "C" __global__ void batch_norm_backward(
    int planes, long long size, const T* dy, const T* y, const T* std, const double* sums, int C, T numbers, T* dx) {
    EACH_PLANE(plane) EACH(i) {
        long long at = plane * size + i;
        int c = plane % C;
        T mean_dy = sums[c] / numbers, mean_ydy = sums[C + c] / numbers;
        dx[at] = (dy[at] - mean_dy - y[at] * mean_ydy) / std[c];
    }
}

extern "C" __global__ void scale(
    int planes, long long size, const T* x, const T* s, const T* b, int C, int with_s, int with_b, T* y, T* kept) {
    EACH_PLANE(plane) EACH(i) {
        long long at = plane * size + i;
        T number = x[at];
        if (kept != y) kept[at] = number;
        if (with_s) number *= s[plane % C];
        if (with_b) number += b[plane % C];
        y[at] = number;
    }
}
"""


def channel_sums(x, y):
    """Return the sums of x and of x y over each channel: float64 (2, C)."""
    (N, C, P), xp = x.shape, array_module(x)
    if not x.size:
        return xp.zeros((2, C), xp.float64)
    found = xp.empty((2, C, _parts(x)), xp.float64)
    launch(SOURCE, "channel_sums", x, C, found.shape[2], x, y, N, P, found)
    return found.sum(axis=2)


def _parts(x):
    """Into how many sums the numbers of a channel are cut."""
    N, C, P = x.shape
    return max(1, min(N * P // EACH, max(256, AT_ONCE // C)))


def batch_norm_forward(x, eps, y, kept):
    """Write the normalized x to ``y`` and ``kept``; return mean, variance and deviation of each channel."""
    (N, C, P), xp = x.shape, array_module(x)
    sums = channel_sums(x, x)
    squares = xp.empty((C, _parts(x)), xp.float64)
    launch(SOURCE, "channel_squares", x, C, squares.shape[1], x, sums, N, P, squares)
    mean, variance, std = (xp.empty(C, x.dtype) for _ in range(3))
    rest = float(N * P), float(eps), mean, variance, std
    launch(SOURCE, "statistics", x, 1, C, sums, squares.sum(axis=1), *rest)
    normalize(x, mean, std, y, kept)
    return mean, variance, std


def normalize(x, mean, std, y, kept):
    """Write (x - mean) / std to ``y``, which may be ``x``, and to ``kept``, unless it is None."""
    N, C, P = x.shape
    launch(SOURCE, "normalize", x, N * C, P, x, mean, std, C, y, y if kept is None else kept)


def batch_norm_backward(dy, y, std, dx):
    """Overwrite ``dx``, which may be ``dy``."""
    N, C, P = dy.shape
    sums = channel_sums(dy, y)
    launch(SOURCE, "batch_norm_backward", dy, N * C, P, dy, y, std, sums, C, float(N * P), dx)


def scale_forward(x, s, b, y, kept):
    """Write s x + b to ``y``, which may be ``x``, and x to ``kept``; what is None is 1, 0 or not wanted."""
    N, C, P = x.shape
    with_s, with_b = int(s is not None), int(b is not None)
    s, b = b if s is None else s, s if b is None else b
    launch(SOURCE, "scale", x, N * C, P, x, s, b, C, with_s, with_b, y, y if kept is None else kept)


def scale_backward(dy, x, s, ds, db, dx):
    """Add to ``ds`` and ``db``, overwrite ``dx``, which may be ``dy``; what is None is not wanted."""
    if ds is not None or db is not None:
        sums = channel_sums(dy, dy if ds is None else x)
        if db is not None:
            db += sums[0]
        if ds is not None:
            ds += sums[1]
    if dx is not None:
        scale_forward(dy, s, None, dx, None)
