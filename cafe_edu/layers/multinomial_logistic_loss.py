"""MultinomialLogisticLoss: how surprising the right answers are, given probabilities."""

import math

from cafe_edu.arrays.labels import check_shape, flatten
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register

LEAST = 1e-20  # a smaller probability counts as this


@register("MultinomialLogisticLoss")
class MultinomialLogisticLoss(Layer):
    r"""Mean of minus the logarithm of each right answer's probability.

    .. math:: L = -\frac{1}{N} \sum_n \log \max(p_{n, t_n}, 10^{-20})

    From scores, take SoftmaxWithLoss: its gradient is exact where this one divides by a tiny p.

    Shapes
    ------
    bottom[0] : p, probabilities, (N, classes...); axes behind the first are read as one
    bottom[1] : t, labels 0 .. classes - 1, (N,), or (N, 1, 1, 1)
    top[0] : L, ()

    Gradients
    ---------
    .. math:: dp_{n,i} = -\frac{dL}{N}\, \frac{[i = t_n]}{\max(p_{n,i}, 10^{-20})}

    References
    ----------
    Caffe: ``src/caffe/layers/multinomial_logistic_loss_layer.cpp``. Lesson: day 12.
    """

    num_bottom = 2
    loss_weight = 1
    auto_top = True
    no_gradient = (1,)

    def top_shapes(self, bottom_shapes):
        p, t = bottom_shapes
        if not p:
            raise ShapeError("expected probabilities of shape (N, classes...), found a single number")
        check_shape((p[0], math.prod(p[1:])), t, 1)
        return [()]

    def forward(self, bottom, top):
        p, t = self._items(bottom)
        right = self.xp.take_along_axis(p, t, axis=1)
        top[0].data[...] = -self.xp.log(self.xp.maximum(right, LEAST)).sum() / max(len(p), 1)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            p, t = self._items(bottom)
            one = self.xp.arange(p.shape[1]) == t
            dp = one / self.xp.maximum(p, LEAST) * (-top[0].diff / max(len(p), 1))
            bottom[0].diff = dp.reshape(bottom[0].shape)

    def _items(self, bottom):
        """Probabilities (N, classes) and labels (N, 1)."""
        p, t = bottom[0].data, bottom[1].data
        p, t, _ = flatten(p.reshape(len(p), math.prod(p.shape[1:])), t, 1)
        return p[:, :, 0], t
