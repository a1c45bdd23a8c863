"""LayerNorm: every item brought to mean 0 and variance 1, by itself."""

import math

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register
from cafe_edu.proto import caffe_pb2


@register("LayerNorm")
class LayerNorm(Layer):
    r"""Take each item's mean away, divide by its standard deviation; then a learned scale and shift.

    .. math:: y_{m,k} = g_k\, \hat x_{m,k} + b_k,
              \qquad \hat x_{m,k} = \frac{x_{m,k} - \mu_m}{\sqrt{\sigma_m^2 + \epsilon}}

    Axes from ``axis`` on are read as one long vector of K numbers, whose mean is :math:`\mu_m` and whose variance
    (divided by K) is :math:`\sigma_m^2`; the axes before it count the M items. Unlike BatchNorm no item sees
    another, so training and test are the same, and a batch may have one item.

    Options (``layer_norm_param``)
    ------------------------------
    axis : int, default=1
        The first axis that belongs to an item; negative counts from the end.
    eps : float, default=1e-5
        :math:`\epsilon`.

    Shapes
    ------
    bottom[0] : x, (M..., K...)
    top[0] : y, the same; may be in place
    params : scale g, (K...), 1 at first; shift b, (K...), 0 at first

    Gradients
    ---------
    With means over the K numbers of an item, and :math:`d\hat x = g\, dy`,

    .. math::

        dx = \frac{d\hat x - \overline{d\hat x} - \hat x\, \overline{\hat x\, d\hat x}}{\sqrt{\sigma^2 + \epsilon}},
        \qquad dg_k = \sum_m dy_{m,k}\, \hat x_{m,k}, \qquad db_k = \sum_m dy_{m,k}

    References
    ----------
    Ba, Kiros, Hinton 2016. Not of stock Caffe: the type and its options are ours. Lesson: day 18.
    """

    stock = False
    options_field = "layer_norm_param"
    in_place = True

    def setup(self, bottom):
        self.eps = self.not_negative("eps")
        shape = self._item(bottom[0].shape)
        if math.prod(shape) == 0:
            raise ShapeError(f"expected at least 1 number in each item, found none in {bottom[0].shape}")
        self.scale = self.add_param("scale", shape, caffe_pb2.FillerParameter(type="constant", value=1))
        self.shift = self.add_param("shift", shape)

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if self._item(x) != self.scale.shape:
            raise ShapeError(
                f"expected items of the scale's shape {self.scale.shape} from axis {self.options.axis} on, found {x}"
            )
        return [x]

    def forward(self, bottom, top):
        xp, x = self.xp, self._items(bottom[0].data)
        x = x - x.mean(axis=1, keepdims=True)
        self.std = xp.sqrt(xp.square(x).mean(axis=1, keepdims=True) + self.dtype.type(self.eps))
        self.normal = x / self.std  # kept, because a layer in place may overwrite the top
        y = self.normal * self.scale.data.reshape(-1) + self.shift.data.reshape(-1)
        top[0].data = y.reshape(top[0].shape)

    def backward(self, top, propagate_down, bottom):
        x, dy, shape = self.normal, self._items(top[0].diff), self.scale.shape
        self.scale.diff += (dy * x).sum(axis=0).reshape(shape)
        self.shift.diff += dy.sum(axis=0).reshape(shape)
        if propagate_down[0]:
            dx, over = dy * self.scale.data.reshape(-1), {"axis": 1, "keepdims": True}
            dx = (dx - dx.mean(**over) - x * (x * dx).mean(**over)) / self.std
            bottom[0].diff = dx.reshape(bottom[0].shape)

    def _item(self, shape):
        return tuple(shape[canonical(self.options.axis, shape) :])

    def _items(self, x):
        """The items as (M, K)."""
        return x.reshape(-1, math.prod(self.scale.shape))
