"""The plain engine: numpy or cupy, as ``arrays/`` writes it. What the other engines must compute."""

from cafe_edu.arrays.batch_norm import batch_norm_backward, batch_norm_forward, normalize
from cafe_edu.arrays.convolution import conv_backward, conv_forward
from cafe_edu.arrays.lrn import lrn_backward, lrn_forward
from cafe_edu.arrays.pooling import ave_backward, ave_forward, max_backward, max_forward
from cafe_edu.arrays.scaling import scale_backward, scale_forward
from cafe_edu.device import array_module

__all__ = [
    "adam_update",
    "ave_backward",
    "ave_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "conv_backward",
    "conv_forward",
    "lrn_backward",
    "lrn_forward",
    "max_backward",
    "max_forward",
    "normalize",
    "product",
    "relu_backward",
    "relu_forward",
    "scale_backward",
    "scale_forward",
    "sgd_update",
]


def product(a, b, out):
    """Write the matrix product a b to ``out``."""
    array_module(out).matmul(a, b, out=out)


def relu_forward(x, y, positive):
    """Write max(x, 0) to ``y``, which may be ``x``, and to ``positive`` (bool, or None) where x is positive."""
    xp = array_module(x)
    if positive is not None:
        xp.greater(x, 0, out=positive)
    xp.maximum(x, 0, out=y)


def relu_backward(dy, positive, dx):
    """Write to ``dx`` what of ``dy`` passes; ``dx`` may be ``dy``."""
    array_module(dx).multiply(dy, positive, out=dx)


def sgd_update(w, g, h, scale, decay, momentum, rate):
    r"""Walk one step downhill, all in place.

    .. math:: h \leftarrow \mu h + \ell\,(c\, g + \lambda w), \qquad w \leftarrow w - h
    """
    g *= scale
    if decay:
        g += decay * w
    g *= rate
    h *= momentum
    h += g
    w -= h
    g[...] = h


def adam_update(w, g, m, v, scale, decay, beta1, beta2, rate, delta):
    r"""Walk one step of Adam, all in place; ``rate`` has the correction for early steps in it.

    .. math:: g \leftarrow c\, g + \lambda w, \quad m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \quad
              v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \quad w \leftarrow w - \ell \frac{m}{\sqrt{v} + \delta}
    """
    g *= scale
    if decay:
        g += decay * w
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * (g * g)
    g[...] = rate * m / (array_module(g).sqrt(v) + delta)
    w -= g
