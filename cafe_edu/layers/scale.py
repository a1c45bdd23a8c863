"""Scale: every channel times a number of its own."""

from cafe_edu.arrays import broadcasting
from cafe_edu.arrays.scratch import again
from cafe_edu.errors import ShapeError
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
        options, self.scale, self.bias, self.own = self.options, None, None, None
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
        if s and self.bias is not None and s[0] != self.bias.shape:
            raise ShapeError(f"expected a scale of the shape of the bias, {self.bias.shape}, found {s[0]}")
        return [x]

    def forward(self, bottom, top):
        copy, in_place = bottom[0].borrow_copy(), top[0] is bottom[0]
        s, b, kept = self._s(bottom), None if self.bias is None else self.bias.data.reshape(-1), None
        x, y = (self._by_channel(blob.data, s) for blob in (bottom[0], top[0]))
        if not in_place or not self.goes_back:
            self.x = x
        elif copy is not None:  # the layer before keeps these numbers anyway
            self.x = copy.reshape(x.shape)
        else:  # y overwrites x
            self.x = self.own = kept = again(self.own, x)
        self.engine.scale_forward(x, s.data.reshape(-1), b, y, kept)

    def backward(self, top, propagate_down, bottom):
        s = self._s(bottom)
        dy = self._by_channel(top[0].diff, s)
        db = None if self.bias is None else self.bias.diff.reshape(-1)
        ds = None
        if self.scale is not None or propagate_down[1]:
            if self.scale is None:
                s.diff[...] = 0
            ds = s.diff.reshape(-1)
        dx = self._by_channel(bottom[0].diff, s) if propagate_down[0] else None
        self.engine.scale_backward(dy, self.x, s.data.reshape(-1), ds, db, dx)

    def _s(self, bottom):
        return bottom[1] if self.scale is None else self.scale

    def _by_channel(self, x, s):
        return broadcasting.by_channel(x, s.shape, self.options.axis)
