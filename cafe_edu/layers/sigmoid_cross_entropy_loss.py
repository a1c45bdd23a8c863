"""SigmoidCrossEntropyLoss: many yes-or-no questions at once."""

import math

from cafe_edu.arrays.normalization import ignored, normalization, normalizer
from cafe_edu.arrays.sigmoid import sigmoid
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("SigmoidCrossEntropyLoss")
class SigmoidCrossEntropyLoss(Layer):
    r"""Sigmoid, then minus the logarithm of the probability that each answer gives to its target.

    .. math:: L = -\frac{1}{Z} \sum_i t_i \log p_i + (1 - t_i) \log(1 - p_i), \qquad p = \frac{1}{1 + e^{-x}}

    Computed as :math:`\max(x, 0) - x t + \log(1 + e^{-|x|})`, which is finite for every x.

    Options (``loss_param``)
    ------------------------
    ignore_label : int, optional
        Targets whose whole part is this do not count: with 0, a target of 0.7 does not either.
    normalization : BATCH_SIZE (default), VALID, FULL or NONE
        Z: the items, the targets that count, all targets, or 1. Never less than 1.
    normalize : bool
        The old form of it: true is VALID, false is BATCH_SIZE.

    Shapes
    ------
    bottom[0] : x, scores, (N, ...)
    bottom[1] : t, targets from 0 to 1, (N, ...) with as many numbers
    top[0] : L, ()

    Gradients
    ---------
    .. math:: dx = \frac{dL}{Z}\,(p - t) \text{ where t counts}, \quad 0 \text{ elsewhere}

    References
    ----------
    Caffe: ``src/caffe/layers/sigmoid_cross_entropy_loss_layer.cpp``. Lesson: day 9.
    """

    options_field = "loss_param"
    num_bottom = 2
    loss_weight = 1
    auto_top = True
    no_gradient = (1,)

    def setup(self, bottom):
        self.ignored = ignored(self.options)
        self.normalization = normalization(self.options, default="BATCH_SIZE")

    def top_shapes(self, bottom_shapes):
        x, t = bottom_shapes
        if not x or x[:1] != t[:1] or math.prod(x) != math.prod(t):
            raise ShapeError(f"expected one target for each score of {x}, found {t}")
        return [()]

    def forward(self, bottom, top):
        x, t, counts = self._items(bottom)
        xp = self.xp
        loss = xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-abs(x)))
        top[0].data[...] = xp.where(counts, loss, 0).sum() / normalizer(self.normalization, counts, self.dtype)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x, t, counts = self._items(bottom)
            slope = top[0].diff / normalizer(self.normalization, counts, self.dtype)
            bottom[0].diff = self.xp.where(counts, (sigmoid(x) - t) * slope, 0).reshape(bottom[0].shape)

    def _items(self, bottom):
        """Scores, targets and which of them count, each (items, numbers per item)."""
        x, t = (blob.data.reshape(len(blob.data), math.prod(blob.shape[1:])) for blob in bottom)
        everything = self.xp.ones(t.shape, bool)
        return x, t, everything if self.ignored is None else self.xp.trunc(t) != self.ignored
