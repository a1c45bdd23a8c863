"""The fast engine for a GPU: kernels in CUDA C, compiled by cupy, and matrix products by cuBLAS.

``plain.py`` makes a GPU do many small things, each of which reads and writes whole arrays; here each primitive is one
kernel or a few. Who computes what: convolution ``conv_gpu.py`` and ``depthwise_gpu.py``, pooling ``pooling_gpu.py``,
BatchNorm and Scale ``normalization_gpu.py``, LRN ``lrn_gpu.py``; how kernels come to run, ``cuda.py``. Nothing waits
for the GPU and no number comes back to the host.

Arrays are as in ``plain.py``, contiguous, and float32 or float64.
"""

from cafe_edu.engines.conv_gpu import conv_backward, conv_forward  # noqa: F401 (here and below: what an engine has)
from cafe_edu.engines.cuda import launch
from cafe_edu.engines.lrn_gpu import lrn_backward, lrn_forward  # noqa: F401
from cafe_edu.engines.normalization_gpu import (  # noqa: F401
    batch_norm_backward,
    batch_norm_forward,
    normalize,
    scale_backward,
    scale_forward,
)
from cafe_edu.engines.plain import __all__, product  # noqa: F401
from cafe_edu.engines.pooling_gpu import ave_backward, ave_forward, max_backward, max_forward  # noqa: F401

SOURCE = """
extern "C" __global__ void relu(int planes, long long size, const T* x, T* y) {
    EACH(i) y[i] = x[i] <= 0 ? (T) 0 : x[i];  // so what is no number stays to be seen
}

extern "C" __global__ void relu_forward(int planes, long long size, const T* x, T* y, bool* positive) {
    EACH(i) {
        T number = x[i];
        positive[i] = number > 0;
        y[i] = number <= 0 ? (T) 0 : number;
    }
}

extern "C" __global__ void relu_backward(int planes, long long size, const T* dy, const bool* positive, T* dx) {
    EACH(i) dx[i] = dy[i] * (T) positive[i];
}

extern "C" __global__ void sgd_update(
    int planes, long long size, T* w, T* g, T* h, T scale, T decay, T momentum, T rate) {
    EACH(i) {
        T step = momentum * h[i] + rate * (scale * g[i] + decay * w[i]);
        g[i] = h[i] = step;
        w[i] -= step;
    }
}

extern "C" __global__ void adam_update(
    int planes, long long size, T* w, T* g, T* m, T* v, T scale, T decay, T beta1, T rest1, T beta2, T rest2, T rate,
    T delta) {
    EACH(i) {
        T slope = scale * g[i] + decay * w[i];
        m[i] = beta1 * m[i] + rest1 * slope;
        v[i] = beta2 * v[i] + rest2 * slope * slope;
        g[i] = rate * m[i] / (sqrt(v[i]) + delta);
        w[i] -= g[i];
    }
}
"""


def relu_forward(x, y, positive):
    """Write max(x, 0) to ``y``, which may be ``x``, and to ``positive`` (bool, or None) where x is positive."""
    if positive is None:
        launch(SOURCE, "relu", x, 1, x.size, x, y)
    else:
        launch(SOURCE, "relu_forward", x, 1, x.size, x, y, positive)


def relu_backward(dy, positive, dx):
    """Write to ``dx`` what of ``dy`` passes; ``dx`` may be ``dy``."""
    launch(SOURCE, "relu_backward", dy, 1, dy.size, dy, positive, dx)


def sgd_update(w, g, h, scale, decay, momentum, rate):
    """Walk one step downhill, all in place, in one pass through memory."""
    launch(SOURCE, "sgd_update", w, 1, w.size, w, g, h, *map(float, (scale, decay, momentum, rate)))


def adam_update(w, g, m, v, scale, decay, beta1, beta2, rate, delta):
    """Walk one step of Adam, all in place, in one pass through memory."""
    numbers = scale, decay, beta1, 1 - beta1, beta2, 1 - beta2, rate, delta
    launch(SOURCE, "adam_update", w, 1, w.size, w, g, m, v, *map(float, numbers))
