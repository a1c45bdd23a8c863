"""MVN: every item, or every channel of it, brought to mean 0 and variance 1."""

import math

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("MVN")
class MVN(Layer):
    r"""Mean-variance normalization: take the mean away and divide by the standard deviation.

    .. math:: y = \frac{x - \mu}{\sigma + \epsilon}

    :math:`\mu` and :math:`\sigma` belong to one channel of one item. Unlike BatchNorm, no item knows of the
    others, and training and testing are the same.

    Options (``mvn_param``)
    -----------------------
    normalize_variance : bool, default=true
        False: take the mean away and leave it at that.
    across_channels : bool, default=false
        One mean and one deviation for the whole item.
    eps : float, default=1e-9
        :math:`\epsilon`, added after the root.

    Shapes
    ------
    bottom[0] : x, (N, C, H, W), or fewer axes
    top[0] : y, always four axes, those missing of length 1; may be in place if x has four (there real
        Caffe's gradient is wrong)

    Gradients
    ---------
    With means over the numbers that share a :math:`\mu`. This is Caffe's formula, exact for
    :math:`\epsilon \ll \sigma`; without ``normalize_variance`` it is :math:`dy - \overline{dy}`.

    .. math:: dx = \frac{dy - \overline{dy} - y\, \overline{y\, dy}}{\sigma + \epsilon}

    References
    ----------
    Caffe: ``src/caffe/layers/mvn_layer.cpp``. Lesson: day 18.
    """

    options_field = "mvn_param"
    in_place = True

    def setup(self, bottom):
        x, spec = bottom[0].shape, self.spec
        if len(x) != 4 and spec.top[0] == spec.bottom[0]:
            raise ShapeError(f"expected 4 axes to run in place, found {x}; give the top another name")

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if not 1 <= len(x) <= 4:
            raise ShapeError(f"expected 1 to 4 axes, found {x}")
        if math.prod(x[self._kept() :]) == 0:
            raise ShapeError(f"expected at least 1 number for each mean, found none in {x}")
        return [(*x, 1, 1, 1)[:4]]

    def forward(self, bottom, top):
        x = self._rows(bottom[0].data)
        self.y = x - x.mean(axis=1, keepdims=True)  # kept, because a layer in place may overwrite the top
        if self.options.normalize_variance:
            self.std = self.xp.sqrt(self.xp.square(self.y).mean(axis=1, keepdims=True))
            self.std += self.options.eps
            self.y /= self.std
        top[0].data = self.y.reshape(top[0].shape)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dy, y = self._rows(top[0].diff), self.y
            dx = dy - dy.mean(axis=1, keepdims=True)
            if self.options.normalize_variance:
                dx -= y * (y * dy).mean(axis=1, keepdims=True)
                dx /= self.std
            bottom[0].diff = dx.reshape(bottom[0].shape)

    def _rows(self, x):
        """One row for each mean: (N, rest) or (N C, rest)."""
        kept = self._kept()
        return x.reshape(math.prod(x.shape[:kept]), math.prod(x.shape[kept:]))

    def _kept(self):
        """How many axes count the means."""
        return 1 if self.options.across_channels else 2
