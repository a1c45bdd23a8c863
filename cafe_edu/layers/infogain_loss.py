"""InfogainLoss: a softmax loss in which some mistakes cost more than others."""

import math

from cafe_edu import caffemodel, files
from cafe_edu.arrays.labels import check_shape, flatten
from cafe_edu.arrays.normalization import ignored, normalization, normalizer
from cafe_edu.arrays.softmax import softmax
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register

LEAST = 1e-20  # a smaller probability counts as this


@register("InfogainLoss")
class InfogainLoss(Layer):
    r"""Softmax, then minus the logarithms of all probabilities, weighted by the row H of the right answer.

    .. math:: L = -\frac{1}{Z} \sum_n \sum_i H_{t_n, i} \log \max(p_{n,i}, 10^{-20}), \qquad
        p = \operatorname{softmax}(x)

    With H the identity it is SoftmaxWithLoss; with :math:`1/f_i` on the diagonal, f the frequencies of the
    classes, rare ones count as much as frequent ones.

    Options (``infogain_loss_param``, ``loss_param``)
    -------------------------------------------------
    source : str
        A binaryproto that holds H, if there is no third bottom; looked for here, then beside the prototxt.
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
    bottom[0] : x, scores, (N, K, ...)
    bottom[1] : t, labels 0 .. K - 1, (N, ...)
    bottom[2] : H, (K, K) or (1, 1, K, K); optional, instead of ``source``
    top[0] : L, ()
    top[1] : p, the shape of x; optional, to look at: no gradient comes back from it

    Gradients
    ---------
    .. math:: dx_{n,i} = \frac{dL}{Z}\,\bigl(p_{n,i} \textstyle\sum_j H_{t_n, j} - H_{t_n, i}\bigr)

    References
    ----------
    Caffe: ``src/caffe/layers/infogain_loss_layer.cpp``. Lesson: day 12.
    """

    options_field = "infogain_loss_param"
    num_bottom = (2, 3)
    num_top = (1, 2)
    loss_weight = 1
    auto_top = True
    no_gradient = (1, 2)

    def setup(self, bottom):
        self.ignored = ignored(self.spec.loss_param)
        self.normalization = normalization(self.spec.loss_param)
        self.stored = None
        if len(bottom) == 2:
            if not self.options.source:
                raise SpecError("expected H as a third bottom or as `source` in `infogain_loss_param`, found neither")
            path = files.find(self.options.source, self.folder)
            self.stored = self.xp.asarray(caffemodel.read_blobproto(path), self.dtype)

    def top_shapes(self, bottom_shapes):
        x, t, *H = bottom_shapes
        check_shape(x, t, self.options.axis)
        (H,) = H or [self.stored.shape]
        K = x[self.options.axis]
        if H[-2:] != (K, K) or math.prod(H) != K * K:
            raise ShapeError(f"expected H of shape ({K}, {K}) for {K} classes, found {H}")
        return [(), x][: max(1, len(self.spec.top))]

    def forward(self, bottom, top):
        self.p = softmax(bottom[0].data, self.options.axis)
        p, H, counts = self._items(bottom)
        surprise = -(H * self.xp.log(self.xp.maximum(p, LEAST))).sum(axis=1)
        top[0].data[...] = (surprise * counts).sum() / normalizer(self.normalization, counts, self.dtype)
        if len(top) > 1:
            top[1].data = self.p

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            p, H, counts = self._items(bottom)
            slope = top[0].diff / normalizer(self.normalization, counts, self.dtype)
            dx = (p * H.sum(axis=1, keepdims=True) - H) * counts[:, None, :] * slope
            bottom[0].diff = dx.reshape(bottom[0].shape)

    def _items(self, bottom):
        """Probabilities and rows of H, each (outer, K, inner), and which labels count."""
        p, t, counts = flatten(self.p, bottom[1].data, self.options.axis, self.ignored)
        H = bottom[2].data if self.stored is None else self.stored
        rows = H.reshape(p.shape[1], p.shape[1])[t]  # (outer, inner, K)
        return p, self.xp.moveaxis(rows, 2, 1), counts
