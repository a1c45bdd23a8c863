"""HingeLoss: right is not enough, it must be right by a margin."""

import math

from cafe_edu.arrays.labels import check_shape, flatten
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register
from cafe_edu.proto import caffe_pb2


@register("HingeLoss")
class HingeLoss(Layer):
    r"""One class against all: the right score should be at least 1, every other at most -1.

    .. math:: L = \frac{1}{N} \sum_{n,i} h_{n,i}^p, \qquad h_{n,i} = \max(0, 1 - s_{n,i}\, x_{n,i}),
        \qquad s_{n,i} = \pm 1 \; (+ \text{ where } i = t_n)

    Options (``hinge_loss_param``)
    ------------------------------
    norm : L1 (default) or L2
        p = 1 or 2: the sum of the misses, or of their squares.

    Shapes
    ------
    bottom[0] : x, scores, (N, classes...); axes behind the first are read as one
    bottom[1] : t, labels 0 .. classes - 1, (N,), or (N, 1, 1, 1)
    top[0] : L, ()

    Gradients
    ---------
    .. math:: dx_{n,i} = -\frac{dL}{N}\, s_{n,i} [h_{n,i} > 0] \;\text{(L1)}, \qquad
        -\frac{2\,dL}{N}\, s_{n,i} h_{n,i} \;\text{(L2)}

    Real Caffe keeps h in the bottom's diff from forward to backward, and gives another gradient if anyone
    writes there meanwhile. Ours keeps it here, and needs nothing of the diff.

    References
    ----------
    Caffe: ``src/caffe/layers/hinge_loss_layer.cpp``. Lesson: day 12.
    """

    options_field = "hinge_loss_param"
    num_bottom = 2
    loss_weight = 1
    auto_top = True
    no_gradient = (1,)

    def setup(self, bottom):
        self.squared = self.options.norm == caffe_pb2.HingeLossParameter.L2

    def top_shapes(self, bottom_shapes):
        x, t = bottom_shapes
        if not x:
            raise ShapeError("expected scores of shape (N, classes...), found a single number")
        check_shape((x[0], math.prod(x[1:])), t, 1)
        return [()]

    def forward(self, bottom, top):
        x = bottom[0].data
        x, t, _ = flatten(x.reshape(len(x), math.prod(x.shape[1:])), bottom[1].data, 1)
        right = self.xp.arange(x.shape[1]) == t
        self.sign = self.xp.where(right, 1, -1).astype(self.dtype)
        self.miss = self.xp.maximum(0, 1 - self.sign * x[:, :, 0])
        total = (self.miss**2 if self.squared else self.miss).sum()
        top[0].data[...] = total / max(len(x), 1)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            slope = 2 * self.miss if self.squared else self.miss > 0
            dx = self.sign * slope * (-top[0].diff / max(len(self.miss), 1))
            bottom[0].diff = dx.reshape(bottom[0].shape)
