"""Depthwise convolution on a GPU: a thread for each output; back, for each input, and some hundred for each weight.

Every channel has windows of its own, M of them: output channel o looks at input channel o / M.
"""

import math

from cafe_edu.device import array_module
from cafe_edu.engines.cuda import launch, window_numbers

AT_ONCE = 2**17  #: threads that keep a GPU busy

SOURCE = """
extern "C" __global__ void forward(
    int planes, long long size, const T* x, const T* W_, const T* b, int O, int M, int with_b, WINDOW, T* y) {
    EACH_PLANE(plane) EACH(i) {
        int o = plane % O, top = (int) i / OW * sh - ph, left = (int) i % OW * sw - pw;
        const T* image = x + (long long) (plane / M) * H * W;  // plane n O + o sees plane n O/M + o/M
        T sum = 0;
        for (int u = 0; u < kh; u++)
            for (int v = 0; v < kw; v++) {
                int h = top + u * dh, w = left + v * dw;
                if (h >= 0 && h < H && w >= 0 && w < W) sum += W_[(o * kh + u) * kw + v] * image[h * W + w];
            }
        y[plane * size + i] = with_b ? sum + b[o] : sum;
    }
}

extern "C" __global__ void to_inputs(
    int planes, long long size, const T* dy, const T* W_, int O, int M, WINDOW, T* dx) {
    EACH_PLANE(plane) EACH(i) {
        int h = (int) i / W + ph, w = (int) i % W + pw, first = plane * M % O;
        T sum = 0;
        for (int a = FIRST(h, dh * (kh - 1) + 1, sh); a < OH && a * sh <= h; a++) {
            int u = (h - a * sh) / dh;
            if (u * dh != h - a * sh) continue;
            for (int b = FIRST(w, dw * (kw - 1) + 1, sw); b < OW && b * sw <= w; b++) {
                int v = (w - b * sw) / dw;
                if (v * dw != w - b * sw) continue;
                for (int m = 0; m < M; m++)
                    sum += W_[((first + m) * kh + u) * kw + v]
                           * dy[(((long long) plane * M + m) * OH + a) * OW + b];
            }
        }
        dx[plane * size + i] = sum;
    }
}

// a plane is a weight, i counts the sums over images and outputs that its gradient is cut into
extern "C" __global__ void to_weights(
    int planes, long long size, const T* x, const T* dy, int N, int O, int M, WINDOW, double* sums) {
    EACH_PLANE(plane) EACH(i) {
        int v = plane % kw * dw - pw, u = plane / kw % kh * dh - ph, o = plane / kw / kh;
        double sum = 0;
        for (long long at = i; at < (long long) N * OH * OW; at += size) {
            int n = at / (OH * OW), place = at % (OH * OW), h = place / OW * sh + u, w = place % OW * sw + v;
            long long out = (long long) n * O + o;
            if (h >= 0 && h < H && w >= 0 && w < W)
                sum += (double) dy[out * OH * OW + place] * x[(out / M * H + h) * W + w];
        }
        sums[plane * size + i] = sum;
    }
}
"""


def forward(x, W, b, window, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    (N, O, *out), M = y.shape, len(W) // x.shape[1]
    numbers = window_numbers(x.shape[2:], out, window)
    rest = W if b is None else b, O, M, int(b is not None), *numbers, y
    launch(SOURCE, "forward", y, N * O, math.prod(out), x, W, *rest)


def backward(x, W, dy, window, dW, dx):
    """Add to ``dW``, overwrite ``dx``; what is None is not wanted."""
    N, O, *out = dy.shape
    if dx is not None:
        C, *size = dx.shape[1:]
        numbers = window_numbers(size, out, window)
        launch(SOURCE, "to_inputs", dx, N * C, math.prod(size), dy, W, O, O // C, *numbers, dx)
    if dW is not None and dy.size:
        parts = max(1, min(N * math.prod(out) // 8, AT_ONCE // dW.size))
        sums, numbers = array_module(dy).empty((dW.size, parts), "float64"), window_numbers(x.shape[2:], out, window)
        launch(SOURCE, "to_weights", dy, dW.size, parts, x, dy, N, O, O // x.shape[1], *numbers, sums)
        dW += sums.sum(axis=1).reshape(dW.shape)
