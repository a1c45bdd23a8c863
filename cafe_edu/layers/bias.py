"""Bias: every channel plus a number of its own."""

from cafe_edu.arrays import broadcasting
from cafe_edu.layer import Layer, register


@register("Bias")
class Bias(Layer):
    r"""Add learned numbers, or a second bottom, broadcast from an axis.

    .. math:: y_{n,c,i} = x_{n,c,i} + b_c

    Options (``bias_param``)
    ------------------------
    axis : int, default=1
        The axis of x at which b begins; negative counts from the end.
    num_axes : int, default=1
        How many axes b spans; 0: it is a single number, -1: all to the end. Not read with two bottoms.
    filler : FillerParameter, default all 0

    Shapes
    ------
    bottom[0] : x, any
    bottom[1] : b, what stands in x from ``axis`` on; optional, instead of a learned b
    top[0] : y, the shape of x; may be in place
    params : bias b, unless it is a bottom

    Gradients
    ---------
    .. math:: dx = dy, \qquad db_c = \sum_{n,i} dy_{n,c,i}

    References
    ----------
    Caffe: ``src/caffe/layers/bias_layer.cpp``. Lesson: day 18.
    """

    options_field = "bias_param"
    num_bottom = (1, 2)
    in_place = True

    def setup(self, bottom):
        self.bias = None
        if len(bottom) == 1:
            shape = broadcasting.span(bottom[0].shape, self.options.axis, self.options.num_axes)
            self.bias = self.add_param("bias", shape, self.options.filler)

    def top_shapes(self, bottom_shapes):
        x, *b = bottom_shapes
        broadcasting.check(x, b[0] if b else self.bias.shape, self.options.axis)
        return [x]

    def forward(self, bottom, top):
        b = self._b(bottom)
        x, y = (self._by_channel(blob.data, b) for blob in (bottom[0], top[0]))
        self.engine.scale_forward(x, None, b.data.reshape(-1), y, None)

    def backward(self, top, propagate_down, bottom):
        b, dy = self._b(bottom), top[0].diff
        if self.bias is not None or propagate_down[1]:
            if self.bias is None:
                b.diff[...] = 0
            self.engine.scale_backward(self._by_channel(dy, b), None, None, None, b.diff.reshape(-1), None)
        if propagate_down[0] and top[0] is not bottom[0]:
            bottom[0].diff = dy

    def _b(self, bottom):
        return bottom[1] if self.bias is None else self.bias

    def _by_channel(self, x, b):
        return broadcasting.by_channel(x, b.shape, self.options.axis)
