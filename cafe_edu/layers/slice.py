"""Slice: one blob is cut into several."""

import itertools

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Slice")
class Slice(Layer):
    r"""Cut a blob along one axis, one piece for each top: the way back from Concat.

    .. math:: [y_0, y_1, \dots] = x

    Options (``slice_param``)
    -------------------------
    axis : int, default=1
        Negative counts from the end.
    slice_point : int, one fewer than there are tops
        Where each piece but the first begins, rising. Not written: equal pieces.
    slice_dim : int
        The old name of ``axis``.

    Shapes
    ------
    bottom[0] : x, (A..., C, B...), C the length of ``axis``
    top[k] : y_k, (A..., C_k, B...), the C_k adding up to C

    Gradients
    ---------
    .. math:: dx = [dy_0, dy_1, \dots]

    References
    ----------
    Caffe: ``src/caffe/layers/slice_layer.cpp``. Lesson: day 18.
    """

    options_field = "slice_param"
    num_top = (1, None)

    def setup(self, bottom):
        if self.options.HasField("axis") and self.options.HasField("slice_dim"):
            raise SpecError("`slice_dim` is the old name of `axis`: expected one of them, found both")
        self.axis = self.options.slice_dim if self.options.HasField("slice_dim") else self.options.axis
        points, tops = list(self.options.slice_point), len(self.spec.top)
        if points and len(points) != tops - 1:
            raise SpecError(f"expected {tops - 1} of `slice_point` for {tops} tops, or none, found {len(points)}")
        if any(b <= a for a, b in itertools.pairwise([0, *points])):
            raise SpecError(f"expected each `slice_point` above the one before it and above 0, found {points}")

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        axis, edges = canonical(self.axis, x), self._edges(x)
        return [(*x[:axis], b - a, *x[axis + 1 :]) for a, b in itertools.pairwise(edges)]

    def forward(self, bottom, top):
        for blob, piece in zip(top, self._pieces(bottom[0].data), strict=True):
            blob.data = piece

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            for blob, piece in zip(top, self._pieces(bottom[0].diff), strict=True):
                piece[...] = blob.diff

    def _edges(self, x):
        """Where the pieces of the shape ``x`` begin, and the end of the last."""
        length, tops, points = x[canonical(self.axis, x)], len(self.spec.top), list(self.options.slice_point)
        if points and points[-1] > length:
            raise ShapeError(
                f"expected each `slice_point` within the {length} of axis {self.axis} of {x}, found {points}"
            )
        if not points and length % tops:
            raise ShapeError(
                f"expected a length that {tops} tops can share equally, found {length} in {x}; set `slice_point`"
            )
        return [0, *points, length] if points else [k * (length // tops) for k in range(tops + 1)]

    def _pieces(self, x):
        before = (slice(None),) * canonical(self.axis, x.shape)
        return [x[(*before, slice(a, b))] for a, b in itertools.pairwise(self._edges(x.shape))]
