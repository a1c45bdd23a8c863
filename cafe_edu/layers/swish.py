"""Swish: each number decides how much of itself goes on."""

from cafe_edu.arrays.sigmoid import sigmoid
from cafe_edu.layer import Layer, register


@register("Swish")
class Swish(Layer):
    r"""Multiply each number by a sigmoid of itself.

    .. math:: y = x s, \qquad s = \sigma(\beta x) = \frac{1}{1 + e^{-\beta x}}

    Options (``swish_param``)
    -------------------------
    beta : float, default=1
        :math:`\beta`; 0 gives x / 2, a large one nearly ReLU.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy\, \bigl(s + \beta x s (1 - s)\bigr)

    References
    ----------
    Ramachandran, Zoph, Le 2017; Caffe: ``src/caffe/layers/swish_layer.cpp``. Lesson: day 7.
    """

    options_field = "swish_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        self.xp.multiply(x, sigmoid(self.options.beta * x), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x, beta = self.x, self.options.beta
            s = sigmoid(beta * x)
            self.xp.multiply(top[0].diff, s + beta * x * s * (1 - s), out=bottom[0].diff)
