"""BNLL: a ReLU with a rounded corner."""

from cafe_edu.arrays.sigmoid import sigmoid
from cafe_edu.layer import Layer, register


@register("BNLL")
class BNLL(Layer):
    r"""Binomial normal log likelihood, today called softplus: near x where x is large, near 0 where -x is.

    .. math:: y = \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})

    The second form never makes an :math:`e^x` too large to hold.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place (Caffe's gradient is wrong there; here x is kept)

    Gradients
    ---------
    .. math:: dx = dy\; \sigma(x) = \frac{dy}{1 + e^{-x}}

    References
    ----------
    Nair and Hinton 2010; Caffe: ``src/caffe/layers/bnll_layer.cpp``. Lesson: day 7.
    """

    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        xp, x = self.xp, bottom[0].data
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        xp.add(xp.maximum(x, 0), xp.log1p(xp.exp(-xp.abs(x))), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self.xp.multiply(top[0].diff, sigmoid(self.x), out=bottom[0].diff)
