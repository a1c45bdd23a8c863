"""Reduction: many numbers become one."""

import math

from cafe_edu.arrays.axes import canonical
from cafe_edu.layer import Layer, register


@register("Reduction")
class Reduction(Layer):
    r"""Make one number of all numbers from one axis on.

    .. math:: \text{SUM: } y = c \sum_i x_i \qquad \text{ASUM: } y = c \sum_i |x_i| \qquad
              \text{SUMSQ: } y = c \sum_i x_i^2 \qquad \text{MEAN: } y = \frac{c}{D} \sum_i x_i

    Options (``reduction_param``)
    -----------------------------
    operation : SUM (default), ASUM, SUMSQ or MEAN
    axis : int, default=0
        The first axis to go; all behind it go too. Negative counts from the end.
    coeff : float, default=1
        c.

    Shapes
    ------
    bottom[0] : x, (A..., B...), B the axes from ``axis`` on, D numbers
    top[0] : y, (A...); one number, (), for axis 0. The mean of nothing is 0 (in Caffe NaN).

    Gradients
    ---------
    .. math:: \text{SUM: } dx_i = c\, dy \qquad \text{ASUM: } dx_i = c \operatorname{sign}(x_i)\, dy \qquad
              \text{SUMSQ: } dx_i = 2 c\, x_i\, dy \qquad \text{MEAN: } dx_i = \frac{c}{D}\, dy

    References
    ----------
    Caffe: ``src/caffe/layers/reduction_layer.cpp``. Lesson: day 11.
    """

    options_field = "reduction_param"

    def setup(self, bottom):
        self.operation = self.options.ReductionOp.Name(self.options.operation)

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        return [x[: canonical(self.options.axis, x)]]

    def forward(self, bottom, top):
        x, y = self._rows(bottom[0].data), top[0].data
        if self.operation == "ASUM":
            x = self.xp.abs(x)
        elif self.operation == "SUMSQ":
            x = x * x
        y[...] = (self._factor(x) * x.sum(axis=1)).reshape(y.shape)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x, dx = self._rows(bottom[0].data), self._rows(bottom[0].diff)
            dx[...] = self._factor(x) * top[0].diff.reshape(-1, 1)
            if self.operation == "ASUM":
                dx *= self.xp.sign(x)
            elif self.operation == "SUMSQ":
                dx *= 2 * x

    def _factor(self, x):
        """c, for MEAN c / D."""
        return self.options.coeff / max(x.shape[1], 1) if self.operation == "MEAN" else self.options.coeff

    def _rows(self, x):
        """``x`` as (numbers of y, D)."""
        axis = canonical(self.options.axis, x.shape)
        return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))
