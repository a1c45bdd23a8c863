"""Softmax: scores become probabilities."""

from cafe_edu.arrays.softmax import softmax, softmax_backward
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("Softmax")
class Softmax(Layer):
    r"""Turn the scores along one axis into positive numbers that sum to 1.

    .. math:: p_i = \frac{e^{x_i}}{\sum_j e^{x_j}}

    Options (``softmax_param``)
    ---------------------------
    axis : int, default=1
        The axis of the classes.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : p, the same

    Gradients
    ---------
    .. math:: dx_i = p_i \Bigl(dp_i - \sum_j p_j\, dp_j\Bigr)

    References
    ----------
    Bridle 1990; Caffe: ``src/caffe/layers/softmax_layer.cpp``. Lesson: day 1.
    """

    options_field = "softmax_param"
    in_place = True
    rereads_top = True

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if not -len(x) <= self.options.axis < len(x):
            raise ShapeError(f"expected an axis within {x}, found axis: {self.options.axis}")
        if x[self.options.axis] == 0:
            raise ShapeError(f"expected at least 1 class on axis {self.options.axis}, found {x}")
        return bottom_shapes

    def forward(self, bottom, top):
        softmax(bottom[0].data, self.options.axis, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff = softmax_backward(top[0].data, top[0].diff, self.options.axis)
