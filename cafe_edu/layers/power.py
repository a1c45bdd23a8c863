"""Power: scale, shift, raise to a power."""

from cafe_edu.layer import Layer, register


@register("Power")
class Power(Layer):
    r"""Scale and shift each number, then raise it to a power. With the power 1 it is a straight line.

    .. math:: y = (b + a x)^p

    A power or a scale of 0 gives a constant, whose gradient is 0. A fractional power of a negative number is
    NaN, as in Caffe.

    Options (``power_param``)
    -------------------------
    power : float, default=1
        p.
    scale : float, default=1
        a.
    shift : float, default=0
        b.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place (Caffe's gradient is wrong there if p is not 1 or 0; here x is kept)

    Gradients
    ---------
    .. math:: dx = dy\; p\, a\, (b + a x)^{p - 1}

    Unless p is 2, Caffe divides y by b + a x instead, which is NaN where that is 0; this formula has its value.

    References
    ----------
    Caffe: ``src/caffe/layers/power_layer.cpp``. Lesson: day 7.
    """

    options_field = "power_param"
    in_place = True

    def setup(self, bottom):
        self.p, self.a, self.b = self.options.power, self.options.scale, self.options.shift

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x, y = bottom[0].data, top[0].data
        self.x = x.copy() if top[0] is bottom[0] and self.p != 1 else x  # in place y overwrites x
        if self.p * self.a == 0:
            y[...] = self.dtype.type(self.b) ** self.p
            return
        self.xp.multiply(x, self.a, out=y)
        y += self.b
        if self.p != 1:
            y[...] = y**self.p

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            slope = self.p * self.a
            if slope != 0 and self.p != 1:
                slope = slope * (self.b + self.a * self.x) ** (self.p - 1)
            self.xp.multiply(top[0].diff, slope, out=bottom[0].diff)
