"""AbsVal: the distance from zero."""

from cafe_edu.layer import Layer, register


@register("AbsVal")
class AbsVal(Layer):
    r"""Drop the sign of each number.

    .. math:: y = |x|

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; not in place, because the way back needs the sign

    Gradients
    ---------
    .. math:: dx = dy\, \mathrm{sign}(x), \quad 0 \text{ where } x = 0

    References
    ----------
    Caffe: ``src/caffe/layers/absval_layer.cpp``. Lesson: day 7.
    """

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        self.xp.abs(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self.xp.multiply(top[0].diff, self.xp.sign(bottom[0].data), out=bottom[0].diff)
