"""Log: the logarithm of each number."""

import math

from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Log")
class Log(Layer):
    r"""Scale and shift each number, then take its logarithm.

    .. math:: y = \log_c (b + a x) = \frac{\log (b + a x)}{\log c}

    The logarithm of 0 is minus infinity and that of a negative number NaN, as in Caffe.

    Options (``log_param``)
    -----------------------
    base : float, default=-1
        c, above 0 and not 1; -1 stands for e.
    scale : float, default=1
        a.
    shift : float, default=0
        b.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place (Caffe's gradient is wrong there; here x is kept)

    Gradients
    ---------
    .. math:: dx = dy\; \frac{a}{(b + a x) \log c}

    References
    ----------
    Caffe: ``src/caffe/layers/log_layer.cpp``. Lesson: day 7.
    """

    options_field = "log_param"
    in_place = True

    def setup(self, bottom):
        base, self.a, self.b = self.options.base, self.options.scale, self.options.shift
        if base != -1 and (not 0 < base < math.inf or base == 1):
            raise SpecError(f"expected a `base` above 0 and not 1, or -1 for e, found {base:g}")
        self.log_base = 1 if base == -1 else math.log(base)

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x, y = bottom[0].data, top[0].data
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        self.xp.multiply(x, self.a, out=y)
        y += self.b
        self.xp.log(y, out=y)
        y /= self.log_base

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            slope = self.a / self.log_base
            self.xp.divide(slope * top[0].diff, self.b + self.a * self.x, out=bottom[0].diff)
