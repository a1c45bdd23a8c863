"""QuantizedConvolution: a convolution that multiplies 8-bit numbers."""

import math

from cafe_edu import sliding
from cafe_edu.arrays.int8 import conv_int8, refusal, to_float, to_int8
from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("QuantizedConvolution")
class QuantizedConvolution(Layer):
    r"""Round the images to 8 bits, slide windows of 8-bit weights over them, add up in 32 bits, scale back.

    .. math::

        \hat x_c &= \mathrm{clip}(\mathrm{round}(x_c / s_g), -127, 127) \\
        a_o &= \hat b_o + \sum_{c,u,v} \hat W_{o,c,u,v}\; \hat x_{c,\,\cdot} \\
        y_o &= s_g\, t_o\, a_o, \qquad\text{with a ReLU}\quad y_o = s_g\, t_o \max(a_o, 0)

    with g the group of channel c and output o. In the sums stand whole numbers only, and they are exact
    (``arrays/int8.py``). Each output has a step :math:`t_o` of its own: it multiplies the whole sum, so it can stand
    before it. A step of x can stand before the sum only if all that is summed has it, and a sum runs over a group. So
    there is one :math:`s_g` for each group: for the whole image usually, for each channel where the convolution is
    depthwise.

    y is a float again, for the layers of other types. The next 8-bit layer rounds it to its own steps, and that is
    all there is to requantisation: :math:`\hat x' = \mathrm{round}(a_o\, s_g t_o / s')`.

    Options (``convolution_param``, ``relu_param``)
    -----------------------------------------------
    As of Convolution; ``bias_term`` is not read, there always is a bias. What the fillers say is in steps, and cut to
    whole numbers. ``relu_param {}``, if it stands there at all, cuts off what is below 0; it must have no
    ``negative_slope``.

    Shapes
    ------
    bottom[i] : x, (N..., C, H, W)
    top[i] : y, (N..., O, OH, OW), as of Convolution
    params : weight W, (O, C/G, k, k), int8; bias b, (O,), int32, in steps :math:`s_g t_o`; weight_scale t, (O,);
        bottom_scale s, (G,)

    References
    ----------
    Jacob et al. 2018, Krishnamoorthi 2018. Not of stock Caffe: ours; ``quantize`` makes them. Lesson: day 15.
    """

    stock = False
    options_field = "convolution_param"
    num_bottom = (1, None)
    num_top = (1, None)

    def setup(self, bottom):
        (O, C, G), options = sliding.setup(self, bottom), self.options
        self.relu = reads_relu(self.spec)
        places = math.prod(self.window.kernel)
        if reason := refusal(C // G * places, places):
            raise SpecError(reason)
        self.weight = self.add_param("weight", (O, C // G, *self.window.kernel), options.weight_filler, "int8")
        self.bias = self.add_param("bias", (O,), options.bias_filler, "int32")
        self.weight_scale = self.add_param("weight_scale", (O,))
        self.bottom_scale = self.add_param("bottom_scale", (G,))
        self.weight_scale.data[...] = self.bottom_scale.data[...] = 1

    def top_shapes(self, bottom_shapes):
        C, O = self.weight.shape[1] * self.options.group, self.weight.shape[0]
        return sliding.top_shapes(self, bottom_shapes, C, O, self.window.conv_size)

    def forward(self, bottom, top):
        W, b, s, G = self.weight.data, self.bias.data, self.bottom_scale.data, self.options.group
        scale = self.weight_scale.data * s.repeat(len(W) // G)
        for x, y in zip(bottom, top, strict=True):
            x, y = (blob.data.reshape(-1, *blob.shape[self.axis :]) for blob in (x, y))
            q = to_int8(x, self._along(s.repeat(x.shape[1] // G)))
            to_float(conv_int8(q, W, b, self.window, G, y), self._along(scale), self.relu, y)

    def _along(self, values):
        """One number for each channel, laid along the images' channels."""
        return values.reshape(-1, *[1] * len(self.window.kernel))


def reads_relu(spec):
    """Does an 8-bit layer end with a ReLU? Raise ``SpecError`` for one that keeps some of what is below 0."""
    if spec.relu_param.negative_slope != 0:
        raise SpecError(f"expected no `negative_slope` in an 8-bit layer, found {spec.relu_param.negative_slope:g}")
    return spec.HasField("relu_param")
