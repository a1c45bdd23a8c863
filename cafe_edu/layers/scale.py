"""Scale: every channel times a number of its own."""

from cafe_edu.arrays import broadcasting
from cafe_edu.layer import Layer, register
from cafe_edu.proto import caffe_pb2


@register("Scale")
class Scale(Layer):
    r"""Multiply by learned numbers, or by a second bottom, broadcast from an axis; perhaps add some too.

    .. math:: y_{n,c,i} = s_c\, x_{n,c,i} + b_c

    Options (``scale_param``)
    -------------------------
    axis : int, default=1
        The axis of x at which s begins; negative counts from the end.
    num_axes : int, default=1
        How many axes s spans; 0: it is a single number, -1: all to the end. Not read with two bottoms.
    filler : FillerParameter, default all 1
    bias_term : bool, default=false
        Learn b too, of the shape of s.
    bias_filler : FillerParameter

    Shapes
    ------
    bottom[0] : x, any
    bottom[1] : s, what stands in x from ``axis`` on; optional, instead of a learned s
    top[0] : y, the shape of x; may be in place (then x is copied first, for the gradient of s)
    params : scale s, unless it is a bottom; bias b, if asked for

    Gradients
    ---------
    .. math:: dx = s\, dy, \qquad ds_c = \sum_{n,i} x_{n,c,i}\, dy_{n,c,i}, \qquad db_c = \sum_{n,i} dy_{n,c,i}

    References
    ----------
    Caffe: ``src/caffe/layers/scale_layer.cpp``. Lesson: day 18.
    """

    options_field = "scale_param"
    num_bottom = (1, 2)
    in_place = True

    def setup(self, bottom):
        options, self.scale, self.bias = self.options, None, None
        shape = bottom[-1].shape
        if len(bottom) == 1:
            shape = broadcasting.span(shape, options.axis, options.num_axes)
            ones = caffe_pb2.FillerParameter(type="constant", value=1)
            self.scale = self.add_param("scale", shape, options.filler if options.HasField("filler") else ones)
        if options.bias_term:
            self.bias = self.add_param("bias", shape, options.bias_filler)

    def top_shapes(self, bottom_shapes):
        x, *s = bottom_shapes
        for small in (*s, *(blob.shape for blob in self.params)):
            broadcasting.check(x, small, self.options.axis)
        return [x]

    def forward(self, bottom, top):
        x, y = bottom[0].data, top[0].data
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        self.xp.multiply(x, self._spread(self._s(bottom).data, x), out=y)
        if self.bias is not None:
            y += self._spread(self.bias.data, y)

    def backward(self, top, propagate_down, bottom):
        dy, s, axis = top[0].diff, self._s(bottom), self.options.axis
        if self.bias is not None:
            self.bias.diff += broadcasting.gather(dy, self.bias.shape, axis)
        if self.scale is not None:
            s.diff += broadcasting.gather(self.x * dy, s.shape, axis)
        elif propagate_down[1]:
            s.diff = broadcasting.gather(self.x * dy, s.shape, axis)
        if propagate_down[0]:
            self.xp.multiply(dy, self._spread(s.data, dy), out=bottom[0].diff)

    def _s(self, bottom):
        return bottom[1] if self.scale is None else self.scale

    def _spread(self, small, x):
        return broadcasting.spread(small, self.options.axis, x.ndim)
