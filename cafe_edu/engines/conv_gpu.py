r"""Convolution on a GPU: the columns of some images, then one product of matrices by cuBLAS.

.. math:: Y = W\, \mathrm{im2col}(x), \qquad dW = dY\, \mathrm{im2col}(x)^\top, \qquad dx = \mathrm{col2im}(W^\top dY)

The columns of m images stand side by side, (C, kernel..., m, out...), so that one product serves them all, and the sum
over images in dW is inside it. Its result is (O, m, out...); turning that into images adds the bias on the way. A
window of 1 x 1 needs no columns but for dW: there each image is a product of its own. Where every channel has windows
of its own, ``depthwise_gpu.py`` computes; what is not for images (other than two spatial axes) ``plain.py``.

References
----------
Chellapilla, Puri, Simard 2006; Caffe: ``src/caffe/util/im2col.cu``. Lesson: day 15.
"""

import math

from cafe_edu.arrays.scratch import scratch
from cafe_edu.device import array_module
from cafe_edu.engines import depthwise_gpu, plain
from cafe_edu.engines.cuda import launch, window_numbers
from cafe_edu.engines.normalization_gpu import channel_sums, scale_forward

CHUNK = 2**26  #: numbers in the columns of a chunk of images: 256 MB of float32

SOURCE = """
// a plane is a channel c of an image n, i an output: all that its window sees there
extern "C" __global__ void im2col(int planes, long long size, const T* x, int C, WINDOW, T* cols) {
    EACH_PLANE(plane) EACH(i) {
        const T* image = x + (long long) plane * H * W;
        int n = plane / C, c = plane % C, images = planes / C;
        int top = (int) i / OW * sh - ph, left = (int) i % OW * sw - pw;
        T* col = cols + ((long long) c * kh * kw * images + n) * size + i;
        for (int u = 0; u < kh; u++)
            for (int v = 0; v < kw; v++) {
                int h = top + u * dh, w = left + v * dw;
                *col = h >= 0 && h < H && w >= 0 && w < W ? image[h * W + w] : (T) 0;
                col += images * size;
            }
    }
}

// i is an input: the sum of all places of the columns where it stands
extern "C" __global__ void col2im(int planes, long long size, const T* cols, int C, WINDOW, T* x) {
    EACH_PLANE(plane) EACH(i) {
        int n = plane / C, c = plane % C, images = planes / C;
        int h = (int) i / W + ph, w = (int) i % W + pw;
        const T* col = cols + ((long long) c * kh * kw * images + n) * OH * OW;
        T sum = 0;
        for (int a = FIRST(h, dh * (kh - 1) + 1, sh); a < OH && a * sh <= h; a++) {
            int u = (h - a * sh) / dh;
            if (u * dh != h - a * sh) continue;
            for (int b = FIRST(w, dw * (kw - 1) + 1, sw); b < OW && b * sw <= w; b++) {
                int v = (w - b * sw) / dw;
                if (v * dw == w - b * sw) sum += col[(long long) (u * kw + v) * images * OH * OW + a * OW + b];
            }
        }
        x[plane * size + i] = sum;
    }
}

// y (images, O, size) of Y (O, images, size), and a bias for each of the O channels
extern "C" __global__ void images_first(
    int planes, long long size, const T* Y, const T* b, int O, int with_b, T* y) {
    EACH_PLANE(plane) EACH(i) {
        int n = plane / O, o = plane % O, images = planes / O;
        T number = Y[((long long) o * images + n) * size + i];
        y[plane * size + i] = with_b ? number + b[o] : number;
    }
}
"""


def conv_forward(x, W, b, window, group, y):
    """Write ``y = W * x + b`` (``b`` may be None)."""
    if len(window.kernel) != 2:
        plain.conv_forward(x, W, b, window, group, y)
    elif _depthwise(W, group):
        depthwise_gpu.forward(x, W, b, window, y)
    elif _pointwise(window):
        array_module(x).matmul(_by_group(W, group), _maps(x, group), out=_maps(y, group))
        if b is not None:
            images = y.reshape(*y.shape[:2], math.prod(y.shape[2:]))
            scale_forward(images, None, b, images, None)
    else:
        _forward(x, W, b, window, group, y)


def _forward(x, W, b, window, group, y):
    WG = _by_group(W, group)
    for part in _chunks(x, y, group * WG.shape[2]):
        cols = _im2col(x[part], window, y.shape[2:], group)
        Y = scratch("Y", (group, WG.shape[1], cols.shape[2]), y)
        array_module(x).matmul(WG, cols, out=Y)
        _images_first(Y, b, y[part])


def conv_backward(x, W, dy, window, group, dW, db, dx):
    """Add to ``dW`` and ``db``, overwrite ``dx``; what is None is not wanted (without ``dW``, ``x`` is not read)."""
    if len(window.kernel) != 2:
        plain.conv_backward(x, W, dy, window, group, dW, db, dx)
        return
    if db is not None:
        images = dy.reshape(*dy.shape[:2], math.prod(dy.shape[2:]))
        db += channel_sums(images, images)[0]
    if _depthwise(W, group):
        depthwise_gpu.backward(x, W, dy, window, dW, dx)
        return
    if dx is not None and _pointwise(window):
        array_module(dy).matmul(_by_group(W, group).swapaxes(1, 2), _maps(dy, group), out=_maps(dx, group))
        dx = None
    if dW is not None or dx is not None:
        _backward(x, W, dy, window, group, dW, dx)


def _backward(x, W, dy, window, group, dW, dx):
    xp, WG = array_module(dy), _by_group(W, group)
    for part in _chunks(dy, dy, max(group * WG.shape[2], W.shape[0])):
        dY = _channels_first(dy[part], group)
        if dW is not None:
            cols = _im2col(x[part], window, dy.shape[2:], group)
            for dWg, dYg, Xg in zip(_by_group(dW, group), dY, cols, strict=True):  # cupy would copy a pile turned over
                dWg += xp.matmul(dYg, Xg.T)
        if dx is not None:
            cols = scratch("cols", (group, WG.shape[2], dY.shape[2]), dy)  # the others have served
            xp.matmul(WG.swapaxes(1, 2), dY, out=cols)
            _col2im(cols, window, dy.shape[2:], dx[part])


def _depthwise(W, group):
    return group > 1 and W.shape[1] == 1


def _pointwise(window):
    return {*window.kernel, *window.stride} == {1} and not any(window.pad)


def _by_group(W, group):
    """(G, O/G, K)."""
    return W.reshape(group, len(W) // group, math.prod(W.shape[1:]))


def _maps(x, group):
    """Images (N, C, size...) as (N, G, C/G, numbers)."""
    return x.reshape(len(x), group, x.shape[1] // group, math.prod(x.shape[2:]))


def _chunks(x, y, rows):
    """Cut the images into slices whose columns, so many rows for each output pixel, are CHUNK numbers at most."""
    n = max(1, CHUNK // max(1, rows * math.prod(y.shape[2:])))
    return [slice(first, first + n) for first in range(0, len(x), n)]


def _im2col(x, window, out, group):
    """Return the columns (G, K, m out) of images (m, C, H, W): work space, good until the next ones."""
    (m, C, *size), P = x.shape, math.prod(out)
    cols = scratch("cols", (group, C // group * math.prod(window.kernel), m * P), x)
    launch(SOURCE, "im2col", x, m * C, P, x, C, *window_numbers(size, out, window), cols)
    return cols


def _col2im(cols, window, out, x):
    m, C, *size = x.shape
    launch(SOURCE, "col2im", x, m * C, math.prod(size), cols, C, *window_numbers(size, out, window), x)


def _images_first(Y, b, y):
    m, O, *out = y.shape
    launch(SOURCE, "images_first", y, m * O, math.prod(out), Y, Y if b is None else b, O, int(b is not None), y)


def _channels_first(dy, group):
    """Return dy (m, O, out...) as (G, O/G, m out), in work space if there are several images."""
    m, O, P = len(dy), dy.shape[1], math.prod(dy.shape[2:])
    if m == 1:
        return dy.reshape(group, O // group, P)
    dY = scratch("Y", (group, O // group, m * P), dy)
    launch(SOURCE, "images_first", dy, O * m, P, dy, dy, m, 0, dY)  # the same turn, from the other side
    return dY
