"""PReLU: a ReLU that learns how steep it is below zero."""

import math

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register
from cafe_edu.proto import caffe_pb2


@register("PReLU")
class PReLU(Layer):
    r"""Keep what is positive, scale what is not by a slope that is learned, one for each channel.

    .. math:: y = \max(x, 0) + a_c \min(x, 0)

    Options (``prelu_param``)
    -------------------------
    filler : FillerParameter, default: constant 0.25
    channel_shared : bool, default=false
        One slope for all channels.

    Shapes
    ------
    bottom[0] : x, (N, C, ...)
    top[0] : y, the same; may be in place
    params : slope a, (C,), or () if shared

    Gradients
    ---------
    .. math::

        dx = dy \text{ where } x > 0, \quad a_c\, dy \text{ elsewhere}; \qquad da_c = \sum dy\, \min(x, 0)

    References
    ----------
    He et al. 2015; Caffe: ``src/caffe/layers/prelu_layer.cpp``. Lesson: day 7.
    """

    options_field = "prelu_param"
    in_place = True

    def setup(self, bottom):
        filler = caffe_pb2.FillerParameter(type="constant", value=0.25)
        if self.options.HasField("filler"):
            filler = self.options.filler
        shape = () if self.options.channel_shared else (self._channels(bottom[0].shape),)
        self.slope = self.add_param("slope", shape, filler)

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        C = self._channels(x)
        if self.slope.shape not in ((), (C,)):
            raise ShapeError(f"expected {self.slope.shape[0]} channels, one for each slope, found {C} in {x}")
        return bottom_shapes

    def forward(self, bottom, top):
        xp, x = self.xp, bottom[0].data
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        xp.add(xp.maximum(x, 0), self._a(x) * xp.minimum(x, 0), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        xp, x, dy = self.xp, self.x, top[0].diff
        da = dy * xp.minimum(x, 0)
        self.slope.diff[...] += da.sum() if self.slope.shape == () else self._by_channel(da).sum(axis=(0, 2))
        if propagate_down[0]:
            bottom[0].diff = dy * xp.where(x > 0, 1, self._a(x))

    def _a(self, x):
        """The slopes, shaped to stand beside x."""
        return self.slope.data.reshape(-1, *[1] * (x.ndim - 2))

    def _by_channel(self, x):
        return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))

    def _channels(self, shape):
        if len(shape) < 2:
            raise ShapeError(f"expected 2 axes or more (N, C, ...), found {shape}")
        return shape[1]
