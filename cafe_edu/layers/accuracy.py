"""Accuracy: the share of right answers."""

from cafe_edu.arrays.labels import check_shape, flatten
from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Accuracy")
class Accuracy(Layer):
    r"""Count how often the right class is among the ``top_k`` with the highest scores.

    .. math:: y = \frac{1}{Z} \sum_n \bigl[\,\#\{i \neq t_n : x_{n,i} \not< x_{n,t_n}\} < k\,\bigr]

    A tie counts against the net, and so does NaN. Z is the number of labels that count.

    Options (``accuracy_param``)
    ----------------------------
    top_k : int, default=1
    axis : int, default=1
        The axis of the classes.
    ignore_label : int, optional

    Shapes
    ------
    bottom[0] : x, scores, (N, classes, ...)
    bottom[1] : t, labels, (N, ...)
    top[0] : y, ()
    top[1] : optional, the accuracy of each class, (classes,); 0 for a class without items

    References
    ----------
    Caffe: ``src/caffe/layers/accuracy_layer.cpp``. Lesson: day 6.
    """

    options_field = "accuracy_param"
    num_bottom = 2
    num_top = (1, 2)
    no_gradient = (0, 1)

    def top_shapes(self, bottom_shapes):
        x, t = bottom_shapes
        check_shape(x, t, self.options.axis)
        classes, k = x[self.options.axis], self.options.top_k
        if not 1 <= k <= classes:
            raise SpecError(f"expected `top_k` of 1 to {classes} for the {classes} classes of {x}, found {k}")
        return [(), (classes,)][: len(self.spec.top)]

    def forward(self, bottom, top):
        ignored = self.options.ignore_label if self.options.HasField("ignore_label") else None
        x, t, counts = flatten(bottom[0].data, bottom[1].data, self.options.axis, ignored)
        score = self.xp.take_along_axis(x, t[:, None, :], axis=1)
        better = (~(x < score)).sum(axis=1) - 1  # the right class itself is not better than itself
        right = (better < self.options.top_k) & counts
        top[0].data[...] = right.sum() / max(int(counts.sum()), 1)
        if len(top) > 1:
            classes = self.xp.arange(x.shape[1])[:, None]
            mine = t[counts][None, :] == classes
            hits = (mine & right[counts][None, :]).sum(axis=1)
            top[1].data = hits / self.xp.maximum(mine.sum(axis=1), 1)

    def backward(self, top, propagate_down, bottom):
        """Nothing: counting has no slope."""
