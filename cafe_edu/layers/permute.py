"""Permute: the axes of a blob in another order."""

from cafe_edu.errors import ShapeError
from cafe_edu.layer import Layer, register


@register("Permute")
class Permute(Layer):
    r"""Put the axes into another order; a transpose, for any number of axes.

    .. math:: y_{i_{o_0},\, i_{o_1},\, \dots} = x_{i_0,\, i_1,\, \dots}

    With ``order: 0 order: 2 order: 3 order: 1`` the channels of an image come last, so that what is said of one place
    stands side by side.

    Options (``permute_param``)
    ---------------------------
    order : int, one for each axis
        :math:`o`: which axis of x comes first, which second, and so on. Axes that are not named come behind these, in
        the order they had.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, its axis i as long as axis o_i of x

    Gradients
    ---------
    dx is dy with its axes put back.

    References
    ----------
    Liu et al. 2016. Not of stock Caffe: the type comes from SSD's Caffe. Lesson: day 18.
    """

    stock = False
    options_field = "permute_param"

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        return [tuple(x[axis] for axis in self._order(x))]

    def forward(self, bottom, top):
        top[0].data = bottom[0].data.transpose(self._order(bottom[0].shape))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            order = self._order(bottom[0].shape)
            bottom[0].diff = top[0].diff.transpose([order.index(axis) for axis in range(len(order))])

    def _order(self, shape):
        """One number for each axis of ``shape``."""
        named, axes = list(self.options.order), range(len(shape))
        if len({*named}) < len(named) or not {*named} <= {*axes}:
            raise ShapeError(f"expected each `order` once and below {len(shape)}, an axis of {shape}, found {named}")
        return named + [axis for axis in axes if axis not in named]
