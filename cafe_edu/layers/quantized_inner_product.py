"""QuantizedInnerProduct: an inner product that multiplies 8-bit numbers."""

import math

from cafe_edu.arrays.axes import canonical
from cafe_edu.arrays.int8 import matmul_int8, refusal, to_float, to_int8
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register
from cafe_edu.layers.quantized_convolution import reads_relu


@register("QuantizedInnerProduct")
class QuantizedInnerProduct(Layer):
    r"""Round the items to 8 bits, multiply by a matrix of 8-bit weights, add up in 32 bits, scale back.

    .. math::

        \hat x &= \mathrm{clip}(\mathrm{round}(x / s), -127, 127) \\
        a &= \hat x \hat W^\top + \hat b \\
        y_o &= s\, t_o\, a_o, \qquad\text{with a ReLU}\quad y_o = s\, t_o \max(a_o, 0)

    The sums are of whole numbers, and exact (``arrays/int8.py``). Each output has a step :math:`t_o` of its own; all
    inputs share one, s, because every sum runs over all of them.

    Options (``inner_product_param``, ``relu_param``)
    -------------------------------------------------
    As of InnerProduct; ``bias_term`` and ``transpose`` are not read: there always is a bias, and W is always (N, K).
    What the fillers say is in steps, and cut to whole numbers. ``relu_param {}``, if it stands there at all, cuts off
    what is below 0; it must have no ``negative_slope``.

    Shapes
    ------
    bottom[0] : x, (M..., K...)
    top[0] : y, (M..., N)
    params : weight W, (N, K), int8; bias b, (N,), int32, in steps :math:`s\, t_o`; weight_scale t, (N,);
        bottom_scale s, (1,)

    References
    ----------
    Jacob et al. 2018. Not of stock Caffe: ours; ``quantize`` makes them. Lesson: day 15.
    """

    stock = False
    options_field = "inner_product_param"

    def setup(self, bottom):
        x, N, options = bottom[0].shape, self.required("num_output"), self.options
        K = math.prod(x[canonical(options.axis, x) :])
        if K == 0:
            raise ShapeError(f"expected at least 1 input per item, found none in {x}")
        self.relu = reads_relu(self.spec)
        if reason := refusal(K):
            raise SpecError(reason)
        self.weight = self.add_param("weight", (N, K), options.weight_filler, "int8")
        self.bias = self.add_param("bias", (N,), options.bias_filler, "int32")
        self.weight_scale = self.add_param("weight_scale", (N,))
        self.bottom_scale = self.add_param("bottom_scale", (1,))
        self.weight_scale.data[...] = self.bottom_scale.data[...] = 1

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        axis, (N, K) = canonical(self.options.axis, x), self.weight.shape
        if math.prod(x[axis:]) != K:
            raise ShapeError(
                f"expected {K} inputs per item (the weight is {self.weight.shape}), found {math.prod(x[axis:])} in {x}"
            )
        return [(*x[:axis], N)]

    def forward(self, bottom, top):
        W, s = self.weight.data, self.bottom_scale.data
        x, y = bottom[0].data.reshape(-1, W.shape[1]), top[0].data.reshape(-1, W.shape[0])
        sums = matmul_int8(to_int8(x, s), W, self.bias.data, y)
        to_float(sums, self.weight_scale.data * s, self.relu, y)
