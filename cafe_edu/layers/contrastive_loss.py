"""ContrastiveLoss: draw together what belongs together, push apart what does not."""

import math

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register

TINY = 1e-4  # added to a distance that is divided by


@register("ContrastiveLoss")
class ContrastiveLoss(Layer):
    r"""For pairs: the squared distance if they are alike, what is missing to the margin if not.

    .. math:: L = \frac{1}{2N} \sum_n t_n d_n^2 + (1 - t_n) \max(m - d_n, 0)^2, \qquad d_n = \lVert a_n - b_n \rVert

    Two copies of one net, with shared weights, give a and b: a siamese net.

    Options (``contrastive_loss_param``)
    ------------------------------------
    margin : float, default=1
        m: pairs that are not alike are left alone when they are this far apart.
    legacy_version : bool, default=false
        :math:`\max(m - d^2, 0)` in place of :math:`\max(m - d, 0)^2`, as in Caffe's first version.

    Shapes
    ------
    bottom[0] : a, (N, C), or with more axes, read as one
    bottom[1] : b, (N, C) likewise
    bottom[2] : t, is the pair alike? (N,); anything whose whole part is not 0 is yes
    top[0] : L, ()

    Gradients
    ---------
    .. math:: da_n = \frac{dL}{N}\,(a_n - b_n) \cdot \begin{cases} 1 & \text{alike} \\
        -\dfrac{m - d_n}{d_n + 10^{-4}} & \text{not alike, } d_n < m \\ 0 & \text{otherwise} \end{cases}
        \qquad db = -da

    The :math:`10^{-4}`, Caffe's, keeps two equal points from dividing by 0. ``legacy_version`` has -1 in the
    second case, where :math:`d_n^2 < m`.

    References
    ----------
    Hadsell, Chopra and LeCun 2006; Caffe: ``src/caffe/layers/contrastive_loss_layer.cpp``. Lesson: day 12.
    """

    options_field = "contrastive_loss_param"
    num_bottom = 3
    loss_weight = 1
    auto_top = True
    no_gradient = (2,)

    def top_shapes(self, bottom_shapes):
        a, b, t = bottom_shapes
        if not a or a[:1] != b[:1] or math.prod(a[1:]) != math.prod(b[1:]):
            raise ShapeError(f"expected two bottoms of as many items with as many numbers each, found {a} and {b}")
        if math.prod(t) != a[0]:
            raise ShapeError(f"expected one number for each of {a[0]} pairs, alike or not, found {t}")
        return [()]

    def forward(self, bottom, top):
        xp, margin = self.xp, self.options.margin
        a, b = (blob.data.reshape(len(blob.data), math.prod(blob.shape[1:])) for blob in bottom[:2])
        alike = xp.trunc(bottom[2].data).reshape(-1, 1) != 0
        self.difference = a - b
        square = (self.difference**2).sum(axis=1, keepdims=True)
        if self.options.legacy_version:
            missing = xp.maximum(margin - square, 0)
            apart, push = missing, missing > 0
        else:
            d = xp.sqrt(square)
            missing = xp.maximum(margin - d, 0)
            apart, push = missing**2, missing / (d + TINY)
        self.pull = xp.where(alike, 1, -push.astype(self.dtype))  # how hard a and b draw each other, per pair
        top[0].data[...] = xp.where(alike, square, apart).sum() / (2 * max(len(a), 1))

    def backward(self, top, propagate_down, bottom):
        da = self.difference * self.pull * (top[0].diff / max(len(self.pull), 1))
        if propagate_down[0]:
            bottom[0].diff = da.reshape(bottom[0].shape)
        if propagate_down[1]:
            bottom[1].diff = -da.reshape(bottom[1].shape)
