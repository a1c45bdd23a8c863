"""Normalize: vectors brought to one length."""

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register
from cafe_edu.proto import caffe_pb2


@register("Normalize")
class Normalize(Layer):
    r"""Divide by the length of each image, or of each place's vector of channels; then a learned scale.

    .. math:: y = s_c\, \hat x, \qquad \hat x = \frac{x}{n}, \qquad n = \sqrt{\sum x^2 + \epsilon}

    It makes maps of different layers, whose numbers are of different sizes, fit for one purpose.

    Options (``norm_param``)
    ------------------------
    across_spatial : bool, default=true
        Sum over a whole image; if false, over the channels at each place by itself.
    scale_filler : FillerParameter, default: constant 1
        The first values of s.
    channel_shared : bool, default=true
        One scale for all channels.
    eps : float, default=1e-10
        :math:`\epsilon`, which keeps n from 0.

    Shapes
    ------
    bottom[0] : x, (N, C, ...)
    top[0] : y, the same
    params : scale s, (), or (C,) if it is not shared

    Gradients
    ---------
    With sums over what was summed up for n, and :math:`d\hat x = s_c\, dy`,

    .. math:: dx = \frac{d\hat x - \hat x \sum \hat x\, d\hat x}{n}, \qquad ds_c = \sum dy\, \hat x

    References
    ----------
    Liu, Rabinovich, Berg 2015 (ParseNet); Liu et al. 2016. Not of stock Caffe: the type comes from SSD's
    Caffe. Lesson: day 18.
    """

    stock = False
    options_field = "norm_param"

    def setup(self, bottom):
        self.eps = self.not_negative("eps")
        ones = caffe_pb2.FillerParameter(type="constant", value=1)
        filler = self.options.scale_filler if self.options.HasField("scale_filler") else ones
        shape = () if self.options.channel_shared else (self._channels(bottom[0].shape),)
        self.scale = self.add_param("scale", shape, filler)

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        C = self._channels(x)
        if self.scale.shape not in ((), (C,)):
            raise ShapeError(f"expected {self.scale.shape[0]} channels, one for each scale, found {C} in {x}")
        return [x]

    def forward(self, bottom, top):
        x = bottom[0].data
        n, s = self._length(x), self._s(x)
        self.xp.multiply(x / n, s, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        x, dy = bottom[0].data, top[0].diff
        n = self._length(x)
        normal = x / n
        ds = dy * normal
        others = tuple(axis for axis in range(x.ndim) if axis != 1 or self.scale.shape == ())
        self.scale.diff[...] += ds.sum(axis=others)
        if propagate_down[0]:
            s = self._s(x)
            along = (s * ds).sum(axis=self._summed(x), keepdims=True)
            bottom[0].diff = (s * dy - normal * along) / n

    def _length(self, x):
        squares = self.xp.square(x).sum(axis=self._summed(x), keepdims=True)
        return self.xp.sqrt(squares + self.dtype.type(self.eps))

    def _summed(self, x):
        return tuple(range(1, x.ndim)) if self.options.across_spatial else 1

    def _s(self, x):
        """The scales, shaped to stand beside x."""
        return self.scale.data.reshape(-1, *[1] * (x.ndim - 2))

    def _channels(self, shape):
        if len(shape) < 2:
            raise ShapeError(f"expected 2 axes or more (N, C, ...), found {shape}")
        return shape[1]
