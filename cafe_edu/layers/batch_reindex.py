"""BatchReindex: a batch in another order."""

from cafe_edu.arrays.indices import add_rows, as_indices
from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("BatchReindex")
class BatchReindex(Layer):
    r"""Make a new batch of the items of an old one: chosen, left out, repeated, in any order.

    .. math:: y_m = x_{i_m}

    Shapes
    ------
    bottom[0] : x, (N, ...)
    bottom[1] : i, whole numbers 0 .. N - 1, (M,); takes no gradient
    top[0] : y, (M, ...)

    Gradients
    ---------
    .. math:: dx_n = \sum_{m:\, i_m = n} dy_m

    References
    ----------
    Caffe: ``src/caffe/layers/batch_reindex_layer.cpp``. Lesson: day 11.
    """

    num_bottom = 2
    no_gradient = (1,)

    def top_shapes(self, bottom_shapes):
        x, i = bottom_shapes
        if len(i) != 1 or not x:
            raise ShapeError(f"expected items (N, ...) and their indices (M,), found {x} and {i}")
        return [(*i, *x[1:])]

    def forward(self, bottom, top):
        self.index = as_indices(bottom[1].data, bottom[0].shape[0], "item")
        top[0].data = bottom[0].data[self.index]

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dx = bottom[0].diff
            dx[...] = 0
            add_rows(dx, self.index, top[0].diff)
