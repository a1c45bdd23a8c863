"""InnerProduct: every output looks at every input."""

import math

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("InnerProduct")
class InnerProduct(Layer):
    r"""Multiply each item by a weight matrix and add a bias.

    .. math:: y = x W^\top + b

    Axes from ``axis`` on are read as one long vector of K numbers; the axes before it count the M items.

    Options (``inner_product_param``)
    ---------------------------------
    num_output : int
        N, the number of outputs per item.
    bias_term : bool, default=true
    weight_filler, bias_filler : FillerParameter
    axis : int, default=1
        The first axis that belongs to an item; negative counts from the end.
    transpose : bool, default=false
        Store W as (K, N).

    Shapes
    ------
    bottom[0] : x, (M..., K...)
    top[0] : y, (M..., N)
    params : weight W, (N, K) or (K, N); bias b, (N,)

    Gradients
    ---------
    .. math:: dW = dy^\top x, \qquad db = \sum_m dy_m, \qquad dx = dy\, W

    References
    ----------
    Caffe: ``src/caffe/layers/inner_product_layer.cpp``. Lesson: day 7.
    """

    options_field = "inner_product_param"

    def setup(self, bottom):
        x, N = bottom[0].shape, self.required("num_output")
        K = math.prod(x[canonical(self.options.axis, x) :])
        if K == 0:
            raise ShapeError(f"expected at least 1 input per item, found none in {x}")
        shape = (K, N) if self.options.transpose else (N, K)
        self.weight = self.add_param("weight", shape, self.options.weight_filler)
        self.bias = self.add_param("bias", (N,), self.options.bias_filler) if self.options.bias_term else None

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        axis, (N, K) = canonical(self.options.axis, x), self._weight(self.weight.data).shape
        if math.prod(x[axis:]) != K:
            raise ShapeError(
                f"expected {K} inputs per item (the weight is {self.weight.shape}), found {math.prod(x[axis:])} in {x}"
            )
        return [(*x[:axis], N)]

    def forward(self, bottom, top):
        W = self._weight(self.weight.data)
        x, y = self._items(bottom[0].data), top[0].data.reshape(-1, W.shape[0])
        self.engine.product(x, W.T, y)
        if self.bias is not None:
            y += self.bias.data

    def backward(self, top, propagate_down, bottom):
        W = self._weight(self.weight.data)
        x, dy = self._items(bottom[0].data), top[0].diff.reshape(-1, W.shape[0])
        a, b = (x.T, dy) if self.options.transpose else (dy.T, x)
        self.weight.add_product(a, b, self.engine.product)
        if self.bias is not None:
            self.bias.diff += dy.sum(axis=0)
        if propagate_down[0]:
            self.engine.product(dy, W, self._items(bottom[0].diff))

    def _weight(self, stored):
        """The stored weight seen as (N, K)."""
        return stored.T if self.options.transpose else stored

    def _items(self, x):
        return x.reshape(-1, math.prod(x.shape[canonical(self.options.axis, x.shape) :]))
