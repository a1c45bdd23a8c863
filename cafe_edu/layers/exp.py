"""Exp: a base to the power of each number."""

import math

from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Exp")
class Exp(Layer):
    r"""Scale and shift each number, then raise a base to its power.

    .. math:: y = c^{\,b + a x} = e^{(b + a x) \log c}

    Options (``exp_param``)
    -----------------------
    base : float, default=-1
        c, above 0; -1 stands for e.
    scale : float, default=1
        a.
    shift : float, default=0
        b.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy\; y\, a \log c

    References
    ----------
    Caffe: ``src/caffe/layers/exp_layer.cpp``. Lesson: day 7.
    """

    options_field = "exp_param"
    in_place = True
    rereads_top = True

    def setup(self, bottom):
        base = self.options.base
        if base != -1 and not 0 < base < math.inf:
            raise SpecError(f"expected a `base` above 0, or -1 for e, found {base:g}")
        log_base = 1 if base == -1 else math.log(base)
        self.slope, self.start = self.options.scale * log_base, self.options.shift * log_base

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        y = top[0].data
        self.xp.multiply(bottom[0].data, self.slope, out=y)
        y += self.start
        self.xp.exp(y, out=y)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self.xp.multiply(top[0].diff, self.slope * top[0].data, out=bottom[0].diff)
