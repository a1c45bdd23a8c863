"""TanH: any number becomes one between -1 and 1."""

from cafe_edu.layer import Layer, register


@register("TanH")
class TanH(Layer):
    r"""Squash each number into (-1, 1); zero stays zero.

    .. math:: y = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}

    Options (``tanh_param``)
    ------------------------
    engine : read and not used; there is one.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy\, (1 - y^2)

    References
    ----------
    LeCun, Bottou, Orr, Müller 1998; Caffe: ``src/caffe/layers/tanh_layer.cpp``. Lesson: day 7.
    """

    options_field = "tanh_param"
    in_place = True
    rereads_top = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        self.xp.tanh(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            y, dy = top[0].data, top[0].diff
            self.xp.multiply(dy, 1 - y * y, out=bottom[0].diff)
