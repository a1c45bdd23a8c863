"""Convolution: the same small window of weights looks at every place of an image."""

from cafe_edu import sliding
from cafe_edu.layer import Layer, register


@register("Convolution")
class Convolution(Layer):
    r"""Slide learned windows over images of any number of spatial axes.

    .. math:: y_{n,o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}\; x_{n,\,c,\,is + ud - p,\,js + vd - p}

    (s stride, p pad, d dilation; inputs outside the image are 0.) Several bottoms go through the same
    weights, each to its own top.

    Options (``convolution_param``)
    -------------------------------
    num_output : int
        O, the number of windows and so of output channels.
    kernel_size, stride, pad, dilation : int
        One number for all spatial axes or one for each; or ``kernel_h``, ``kernel_w``, ... for images.
    group : int, default=1
        G: channels are cut into G groups, outputs likewise, and each sees its own group only. With G = C it is
        called depthwise; other Caffes have types for that, ``DepthwiseConvolution`` and
        ``ConvolutionDepthwise``, which are read as this one.
    axis : int, default=1
        The channel axis; axes before it count images, axes after it are spatial.
    bias_term : bool, default=true
    weight_filler, bias_filler : FillerParameter

    Shapes
    ------
    bottom[i] : x, (N..., C, H, W)
    top[i] : y, (N..., O, OH, OW), OH = floor((H + 2p - d(k-1) - 1)/s) + 1
    params : weight W, (O, C/G, k, k); bias b, (O,)

    Gradients
    ---------
    With X = im2col(x) the layer is the product Y = W X, so :math:`dW = dY\, X^\top`,
    :math:`dX = W^\top dY`, and col2im adds dX back into dx; :math:`db = \sum dy`.

    References
    ----------
    LeCun et al. 1989; Caffe: ``src/caffe/layers/base_conv_layer.cpp``, ``conv_layer.cpp``. Lesson: day 11.
    """

    options_field = "convolution_param"
    num_bottom = (1, None)
    num_top = (1, None)

    def setup(self, bottom):
        (O, C, G), options = sliding.setup(self, bottom), self.options
        self.weight = self.add_param("weight", (O, C // G, *self.window.kernel), options.weight_filler)
        self.bias = self.add_param("bias", (O,), options.bias_filler) if options.bias_term else None

    def top_shapes(self, bottom_shapes):
        C, O = self.weight.shape[1] * self.options.group, self.weight.shape[0]
        return sliding.top_shapes(self, bottom_shapes, C, O, self.window.conv_size)

    def forward(self, bottom, top):
        W, b = self.weight.data, None if self.bias is None else self.bias.data
        for x, y in zip(bottom, top, strict=True):
            self.engine.conv_forward(self._images(x.data), W, b, self.window, self.options.group, self._images(y.data))

    def backward(self, top, propagate_down, bottom):
        W, dW = self.weight.data, self.weight.diff
        db = None if self.bias is None else self.bias.diff
        for x, y, wanted in zip(bottom, top, propagate_down, strict=True):
            dx = self._images(x.diff) if wanted else None
            images, dy = self._images(x.data), self._images(y.diff)
            self.engine.conv_backward(images, W, dy, self.window, self.options.group, dW, db, dx)

    def _images(self, x):
        """(N..., C, size...) as (N, C, size...)."""
        return x.reshape(-1, *x.shape[self.axis :])
