"""Tile: a blob several times over."""

from cafe_edu.arrays.axes import around, canonical
from cafe_edu.layer import Layer, register


@register("Tile")
class Tile(Layer):
    r"""Put copies of a blob one behind the other along one axis.

    .. math:: y = [x, x, \dots, x]

    Options (``tile_param``)
    ------------------------
    tiles : int
        T, how many copies.
    axis : int, default=1
        Negative counts from the end.

    Shapes
    ------
    bottom[0] : x, (A..., C, B...), C the length of ``axis``
    top[0] : y, (A..., T C, B...)

    Gradients
    ---------
    .. math:: dx = \sum_t dy_t, \qquad dy_t \text{ the gradient of copy } t

    References
    ----------
    Caffe: ``src/caffe/layers/tile_layer.cpp``. Lesson: day 11.
    """

    options_field = "tile_param"

    def setup(self, bottom):
        self.tiles = self.required("tiles")

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        axis = canonical(self.options.axis, x)
        return [(*x[:axis], self.tiles * x[axis], *x[axis + 1 :])]

    def forward(self, bottom, top):
        self._copies(top[0].data, bottom[0].shape)[...] = self._copies(bottom[0].data, bottom[0].shape, 1)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dy, dx = self._copies(top[0].diff, bottom[0].shape), self._copies(bottom[0].diff, bottom[0].shape, 1)
            dy.sum(axis=1, keepdims=True, out=dx)

    def _copies(self, y, shape, count=None):
        """``y`` as (outer, copies, what a copy has behind the axes before ``axis``)."""
        outer, length, inner = around(canonical(self.options.axis, shape), shape)
        return y.reshape(outer, count or self.tiles, length * inner)
