"""Deconvolution: convolution run backward, so that small images become large ones."""

from cafe_edu import sliding
from cafe_edu.layer import Layer, register


@register("Deconvolution")
class Deconvolution(Layer):
    r"""Put a learned window of numbers, times each input, down at the input's place; add up where they overlap.

    .. math:: y_{n,\,o,\,is + ud - p,\,js + vd - p} \mathrel{+}= W_{c,o,u,v}\; x_{n,c,i,j},
              \qquad \text{then } y_{n,o} \mathrel{+}= b_o

    (s stride, p pad, d dilation; what falls outside the image is lost.) It is the transpose of Convolution:
    its forward is the convolution's way back to the input, its backward the convolution's forward. Several
    bottoms go through the same weights, each to its own top.

    Options (``convolution_param``)
    -------------------------------
    num_output : int
        O, the number of output channels.
    kernel_size, stride, pad, dilation : int
        One number for all spatial axes or one for each; or ``kernel_h``, ``kernel_w``, ... for images.
    group : int, default=1
        G: channels are cut into G groups, outputs likewise, and each sees its own group only.
    axis : int, default=1
        The channel axis; axes before it count images, axes after it are spatial.
    bias_term : bool, default=true
    weight_filler, bias_filler : FillerParameter
        ``bilinear`` with ``group`` = O = C and no bias makes it an enlarger of images.

    Shapes
    ------
    bottom[i] : x, (N..., C, H, W)
    top[i] : y, (N..., O, OH, OW), OH = s(H - 1) + d(k-1) + 1 - 2p
    params : weight W, (C, O/G, k, k): input channels come first; bias b, (O,)

    Gradients
    ---------
    dx is the convolution of dy with W; dW is that convolution's, with dy as its input and x as its output's
    gradient; :math:`db = \sum dy`.

    References
    ----------
    Zeiler et al. 2010; Long, Shelhamer, Darrell 2015; Caffe: ``src/caffe/layers/base_conv_layer.cpp``,
    ``deconv_layer.cpp``. Lesson: day 11.
    """

    options_field = "convolution_param"
    num_bottom = (1, None)
    num_top = (1, None)

    def setup(self, bottom):
        (O, C, G), options = sliding.setup(self, bottom), self.options
        self.weight = self.add_param("weight", (C, O // G, *self.window.kernel), options.weight_filler)
        self.bias = self.add_param("bias", (O,), options.bias_filler) if options.bias_term else None

    def top_shapes(self, bottom_shapes):
        C, O = self.weight.shape[0], self.weight.shape[1] * self.options.group
        return sliding.top_shapes(self, bottom_shapes, C, O, self.window.deconv_size)

    def forward(self, bottom, top):
        W = self.weight.data
        for one, above in zip(bottom, top, strict=True):
            x, y = self._images(one.data), self._images(above.data)
            self.engine.conv_backward(None, W, x, self.window, self.options.group, None, None, y)
            if self.bias is not None:
                y += self.bias.data.reshape(-1, *[1] * (y.ndim - 2))

    def backward(self, top, propagate_down, bottom):
        W, dW, group = self.weight.data, self.weight.diff, self.options.group
        for one, above, wanted in zip(bottom, top, propagate_down, strict=True):
            x, dy = self._images(one.data), self._images(above.diff)
            self.engine.conv_backward(dy, W, x, self.window, group, dW, None, None)
            if self.bias is not None:
                self.bias.diff += dy.sum(axis=(0, *range(2, dy.ndim)))
            if wanted:
                self.engine.conv_forward(dy, W, None, self.window, group, self._images(one.diff))

    def _images(self, x):
        """(N..., C, size...) as (N, C, size...)."""
        return x.reshape(-1, *x.shape[self.axis :])
