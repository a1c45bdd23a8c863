"""Convolution: the same small window of weights looks at every place of an image."""

from cafe_edu.arrays.convolution import conv_backward, conv_forward
from cafe_edu.arrays.windows import window_of
from cafe_edu.errors import NetError, ShapeError, SpecError
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
        G: channels are cut into G groups, outputs likewise, and each sees its own group only.
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
        shape, options = bottom[0].shape, self.options
        if len(self.spec.top) != len(bottom):
            raise NetError(f"expected as many tops as bottoms ({len(bottom)}), found {len(self.spec.top)}")
        if not -len(shape) <= options.axis < len(shape):
            raise ShapeError(f"expected a channel axis within {shape}, found axis: {options.axis}")
        self.axis = options.axis % len(shape)
        self.window = window_of(options, len(shape) - self.axis - 1)
        O, C, G = self.required("num_output"), shape[self.axis], options.group
        if G < 1 or C % G or O % G:
            raise SpecError(f"`group: {G}` must divide the {C} input channels and num_output: {O}")
        self.weight = self.add_param("weight", (O, C // G, *self.window.kernel), options.weight_filler)
        self.bias = self.add_param("bias", (O,), options.bias_filler) if options.bias_term else None

    def top_shapes(self, bottom_shapes):
        C, O = self.weight.shape[1] * self.options.group, self.weight.shape[0]
        tops = []
        for x in bottom_shapes:
            if len(x) != self.axis + 1 + len(self.window.kernel) or x[self.axis] != C:
                raise ShapeError(
                    f"expected {C} channels on axis {self.axis} and {len(self.window.kernel)} spatial axes "
                    f"after it (the weight is {self.weight.shape}), found {x}"
                )
            tops.append((*x[: self.axis], O, *self.window.conv_size(x[self.axis + 1 :])))
        return tops

    def forward(self, bottom, top):
        W, b = self.weight.data, None if self.bias is None else self.bias.data
        for x, y in zip(bottom, top, strict=True):
            conv_forward(self._images(x.data), W, b, self.window, self.options.group, self._images(y.data))

    def backward(self, top, propagate_down, bottom):
        W, dW = self.weight.data, self.weight.diff
        db = None if self.bias is None else self.bias.diff
        for x, y, wanted in zip(bottom, top, propagate_down, strict=True):
            dx = self._images(x.diff) if wanted else None
            images, dy = self._images(x.data), self._images(y.diff)
            conv_backward(images, W, dy, self.window, self.options.group, dW, db, dx)

    def _images(self, x):
        """(N..., C, size...) as (N, C, size...)."""
        return x.reshape(-1, *x.shape[self.axis :])
