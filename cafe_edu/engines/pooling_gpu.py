"""Pooling on a GPU: forward, a thread looks through one window; back, it asks all windows that saw its input."""

import math

import numpy as np

from cafe_edu.device import array_module
from cafe_edu.engines.cuda import launch, window_numbers

SOURCE = """
extern "C" __global__ void max_forward(int planes, long long size, const T* x, WINDOW, T lowest, T* y, Place* index) {
    EACH_PLANE(plane) EACH(i) {
        const T* image = x + (long long) plane * H * W;
        int top = (int) i / OW * sh - ph, left = (int) i % OW * sw - pw, place = 0;
        T best = lowest;
        for (int u = max(0, -top); u < kh && top + u < H; u++)
            for (int v = max(0, -left); v < kw && left + v < W; v++) {
                T number = image[(top + u) * W + left + v];
                if (number > best) place = u * kw + v;  // the first of equals
                if (number > best || number != number) best = number;  // what is no number stays to be seen
            }
        y[plane * size + i] = best;
        index[plane * size + i] = place;
    }
}

extern "C" __global__ void max_backward(
    int planes, long long size, const T* dy, const Place* index, WINDOW, T* dx) {
    EACH_PLANE(plane) EACH(i) {
        int h = (int) i / W + ph, w = (int) i % W + pw;
        T sum = 0;
        for (int a = FIRST(h, kh, sh); a < OH && a * sh <= h; a++)
            for (int b = FIRST(w, kw, sw); b < OW && b * sw <= w; b++) {
                long long at = (long long) plane * OH * OW + a * OW + b;
                if (index[at] == (h - a * sh) * kw + w - b * sw) sum += dy[at];
            }
        dx[plane * size + i] = sum;
    }
}

// inputs and padding under a window, along one axis, without what lies beyond the padding
#define LENGTH(a, n, k, s, p) (min((a) * (s) - (p) + (k), (n) + (p)) - ((a) * (s) - (p)))

extern "C" __global__ void ave_forward(int planes, long long size, const T* x, WINDOW, T* y) {
    EACH_PLANE(plane) EACH(i) {
        const T* image = x + (long long) plane * H * W;
        int a = (int) i / OW, b = (int) i % OW, top = a * sh - ph, left = b * sw - pw;
        T sum = 0;
        for (int h = max(0, top); h < top + kh && h < H; h++)
            for (int w = max(0, left); w < left + kw && w < W; w++) sum += image[h * W + w];
        y[plane * size + i] = sum / (T) (LENGTH(a, H, kh, sh, ph) * LENGTH(b, W, kw, sw, pw));
    }
}

extern "C" __global__ void ave_backward(int planes, long long size, const T* dy, WINDOW, T* dx) {
    EACH_PLANE(plane) EACH(i) {
        int h = (int) i / W + ph, w = (int) i % W + pw;
        T sum = 0;
        for (int a = FIRST(h, kh, sh); a < OH && a * sh <= h; a++)
            for (int b = FIRST(w, kw, sw); b < OW && b * sw <= w; b++)
                sum += dy[(long long) plane * OH * OW + a * OW + b]
                       / (T) (LENGTH(a, H, kh, sh, ph) * LENGTH(b, W, kw, sw, pw));
        dx[plane * size + i] = sum;
    }
}
"""
#: the type of places in a window, and the kernels for it
SOURCES = {"uint8": "typedef unsigned char Place;" + SOURCE, "int32": "typedef int Place;" + SOURCE}


def max_forward(x, window, y, want_index):
    """Write the largest input of each window; return its place in the window, or None if it is not wanted."""
    places = "uint8" if math.prod(window.kernel) <= 256 else "int32"
    index = array_module(x).empty(y.shape, places)
    _run(SOURCES[places], "max_forward", y, x, *window_numbers(x.shape[2:], y.shape[2:], window), -math.inf, y, index)
    return index if want_index else None


def max_backward(dy, index, window, dx):
    """Overwrite ``dx``: each output's gradient goes to the one input that was largest."""
    numbers = window_numbers(dx.shape[2:], dy.shape[2:], window)
    _run(SOURCES[np.dtype(index.dtype).name], "max_backward", dx, dy, index, *numbers, dx)


def ave_forward(x, window, y):
    """Write the mean of each window; padding counts as zeros."""
    _run(SOURCES["uint8"], "ave_forward", y, x, *window_numbers(x.shape[2:], y.shape[2:], window), y)


def ave_backward(dy, window, dx):
    """Overwrite ``dx``: each input of a window gets an equal share of its output's gradient."""
    _run(SOURCES["uint8"], "ave_backward", dx, dy, *window_numbers(dx.shape[2:], dy.shape[2:], window), dx)


def _run(source, name, written, *arguments):
    """A thread for each number that is written."""
    launch(source, name, written, math.prod(written.shape[:2]), math.prod(written.shape[2:]), *arguments)
