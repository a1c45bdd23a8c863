"""SoftmaxWithLoss: how surprised the net is by the right answers."""

import numpy as np

from cafe_edu.arrays.labels import check_shape, flatten
from cafe_edu.arrays.normalization import ignored, normalization, normalizer
from cafe_edu.arrays.softmax import softmax
from cafe_edu.layer import Layer, register


@register("SoftmaxWithLoss")
class SoftmaxWithLoss(Layer):
    r"""Softmax, then the mean of minus the logarithm of each right answer's probability.

    .. math:: L = -\frac{1}{Z} \sum_n \log p_{n, t_n}, \qquad p = \operatorname{softmax}(x)

    Both in one layer, because the gradient of the pair is short and exact where the two apart lose digits.

    Options (``softmax_param``, ``loss_param``)
    -------------------------------------------
    axis : int, default=1
        The axis of the classes.
    ignore_label : int, optional
        Items with this label do not count.
    normalization : VALID (default), FULL, BATCH_SIZE or NONE
        Z: the labels that count, all labels, the items (all axes before the classes'), or 1.
        Never less than 1.
    normalize : bool
        The old form of it: true is VALID, false is BATCH_SIZE.

    Shapes
    ------
    bottom[0] : x, scores, (N, classes, ...)
    bottom[1] : t, labels 0 .. classes - 1, (N, ...)
    top[0] : L, ()
    top[1] : p, the shape of x; optional, to look at: no gradient comes back from it (in real Caffe
        asking for it aborts)

    Gradients
    ---------
    .. math:: dx_{n,i} = \frac{dL}{Z}\,(p_{n,i} - [i = t_n])

    References
    ----------
    Caffe: ``src/caffe/layers/softmax_loss_layer.cpp``. Lesson: day 1.
    """

    options_field = "softmax_param"
    num_bottom = 2
    num_top = (1, 2)
    loss_weight = 1
    auto_top = True
    no_gradient = (1,)

    def setup(self, bottom):
        self.ignored = ignored(self.spec.loss_param)
        self.normalization = normalization(self.spec.loss_param)

    def top_shapes(self, bottom_shapes):
        x, t = bottom_shapes
        check_shape(x, t, self.options.axis)
        return [(), x][: max(1, len(self.spec.top))]

    def forward(self, bottom, top):
        self.p = softmax(bottom[0].data, self.options.axis)
        p, t, counts = flatten(self.p, bottom[1].data, self.options.axis, self.ignored)
        right = self.xp.take_along_axis(p, t[:, None, :], axis=1)[:, 0, :]
        surprise = -self.xp.log(self.xp.maximum(right, np.finfo(np.float32).tiny))
        top[0].data[...] = (surprise * counts).sum() / normalizer(self.normalization, counts, self.dtype)
        if len(top) > 1:
            top[1].data = self.p

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            p, t, counts = flatten(self.p, bottom[1].data, self.options.axis, self.ignored)
            one = self.xp.arange(p.shape[1])[None, :, None] == t[:, None, :]
            dx = (p - one) * counts[:, None, :] * (top[0].diff / normalizer(self.normalization, counts, self.dtype))
            bottom[0].diff = dx.reshape(bottom[0].shape)
