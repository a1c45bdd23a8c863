"""Flatten: several axes become one."""

import math

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Flatten")
class Flatten(Layer):
    r"""Read neighbouring axes as one long axis. The numbers stay where they are.

    .. math:: y = x

    Options (``flatten_param``)
    ---------------------------
    axis, end_axis : int, default=1 and -1
        The first and the last axis to join; negative counts from the end. An ``end_axis`` one before
        ``axis`` joins none: it puts an axis of length 1 there.

    Shapes
    ------
    bottom[0] : x, (A..., B..., C...), B the axes to join
    top[0] : y, (A..., prod(B), C...), the very memory of x

    Gradients
    ---------
    .. math:: dx = dy

    References
    ----------
    Caffe: ``src/caffe/layers/flatten_layer.cpp``. Lesson: day 11.
    """

    options_field = "flatten_param"
    shares_data = True

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        first, last = canonical(self.options.axis, x), canonical(self.options.end_axis, x)
        if first > last + 1:
            raise SpecError(f"expected `axis` before `end_axis`, found axes {first} and {last} of {x}")
        return [(*x[:first], math.prod(x[first : last + 1]), *x[last + 1 :])]

    def forward(self, bottom, top):
        top[0].share_data(bottom[0])

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff = top[0].diff.reshape(bottom[0].shape)
