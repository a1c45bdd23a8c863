"""Sigmoid: any number becomes one between 0 and 1."""

from cafe_edu.arrays.sigmoid import sigmoid
from cafe_edu.layer import Layer, register


@register("Sigmoid")
class Sigmoid(Layer):
    r"""Squash each number into (0, 1), so that it can be read as a probability.

    .. math:: y = \frac{1}{1 + e^{-x}}

    Options (``sigmoid_param``)
    ---------------------------
    engine : read and not used; there is one.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy\; y\, (1 - y)

    References
    ----------
    Rumelhart, Hinton, Williams 1986; Caffe: ``src/caffe/layers/sigmoid_layer.cpp``. Lesson: day 2.
    """

    options_field = "sigmoid_param"
    in_place = True
    rereads_top = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        sigmoid(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            y, dy = top[0].data, top[0].diff
            self.xp.multiply(dy, y * (1 - y), out=bottom[0].diff)
