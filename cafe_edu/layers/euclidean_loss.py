"""EuclideanLoss: how far two answers lie apart."""

import math

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("EuclideanLoss")
class EuclideanLoss(Layer):
    r"""Half the mean squared distance between the items of two bottoms.

    .. math:: L = \frac{1}{2N} \sum_{n} \lVert a_n - b_n \rVert^2

    Divided by the number of items alone: an item with more numbers weighs more.

    Shapes
    ------
    bottom[0] : a, (N, ...)
    bottom[1] : b, (N, ...) with as many numbers per item
    top[0] : L, ()

    Gradients
    ---------
    .. math:: da = \frac{dL}{N}\,(a - b), \qquad db = -da

    References
    ----------
    Caffe: ``src/caffe/layers/euclidean_loss_layer.cpp``. Lesson: day 12.
    """

    num_bottom = 2
    loss_weight = 1
    auto_top = True

    def top_shapes(self, bottom_shapes):
        a, b = bottom_shapes
        if not a or a[:1] != b[:1] or math.prod(a[1:]) != math.prod(b[1:]):
            raise ShapeError(f"expected two bottoms of as many items with as many numbers each, found {a} and {b}")
        return [()]

    def forward(self, bottom, top):
        a = bottom[0].data
        self.difference = a - bottom[1].data.reshape(a.shape)
        top[0].data[...] = (self.difference**2).sum() / (2 * max(len(a), 1))

    def backward(self, top, propagate_down, bottom):
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=True):
            if wanted:
                slope = self.difference * (sign * top[0].diff / max(len(self.difference), 1))
                blob.diff = slope.reshape(blob.shape)
