"""Reshape: the same numbers, other axes."""

import math

from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Reshape")
class Reshape(Layer):
    r"""Give a blob other axes. The numbers stay where they are, in the same order.

    .. math:: y = x

    Options (``reshape_param``)
    ---------------------------
    shape : BlobShape
        The new axes. ``dim: 0`` copies the bottom's axis at that place, one ``dim: -1`` takes what is left.
    axis : int, default=0
        The first axis that ``shape`` stands for. Negative counts from the end, -1 being behind the last.
    num_axes : int, default=-1
        How many axes ``shape`` stands for; -1: all from ``axis`` on, 0: none, new axes are put in.

    Shapes
    ------
    bottom[0] : x, (A..., B..., C...), B the axes that ``shape`` stands for
    top[0] : y, (A..., shape..., C...), the very memory of x

    Gradients
    ---------
    .. math:: dx = dy

    References
    ----------
    Caffe: ``src/caffe/layers/reshape_layer.cpp``. Lesson: day 11.
    """

    options_field = "reshape_param"
    shares_data = True

    def setup(self, bottom):
        self.dims = list(self.options.shape.dim)
        if min(self.dims, default=0) < -1 or self.dims.count(-1) > 1:
            raise SpecError(f"expected `dim` of 0 or more in `shape` and at most one -1, found {self.dims}")
        if self.options.num_axes < -1:
            raise SpecError(f"expected `num_axes` of -1 or more, found {self.options.num_axes}")

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        first, behind = self._range(x)
        copied = [first + i for i, dim in enumerate(self.dims) if dim == 0]
        if copied and copied[-1] >= len(x):
            raise ShapeError(f"`dim: 0` copies the bottom's axis {copied[-1]}, and {x} has no such axis")
        dims = [x[first + i] if dim == 0 else dim for i, dim in enumerate(self.dims)]
        if -1 in dims:
            # axes that are copied stand on both sides and are left out: then an empty batch is no 0 / 0
            left = math.prod(x[i] for i in range(first, behind) if i not in copied)
            taken = math.prod(d for d in self.dims if d > 0) * math.prod(x[i] for i in copied if i >= behind)
            if taken == 0 or left % taken:
                raise ShapeError(
                    f"`dim: -1` cannot be found: {left} numbers in parts of {taken}, from {x} to {self.dims}"
                )
            dims[dims.index(-1)] = left // taken
        y = (*x[:first], *dims, *x[behind:])
        if math.prod(y) != math.prod(x):
            raise ShapeError(f"expected a shape for the {math.prod(x)} numbers of {x}, found {y} for {math.prod(y)}")
        return [y]

    def _range(self, x):
        """The axes of ``x`` that ``shape`` stands for: the first, and the one behind the last."""
        axis, count = self.options.axis, self.options.num_axes
        first = axis if axis >= 0 else len(x) + 1 + axis
        behind = len(x) if count == -1 else first + count
        if not 0 <= first <= behind <= len(x):
            raise ShapeError(f"expected axes within {x}, found axis: {axis} and num_axes: {count}")
        return first, behind

    def forward(self, bottom, top):
        top[0].share_data(bottom[0])

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff = top[0].diff.reshape(bottom[0].shape)
