"""Concat: blobs side by side become one."""

from cafe_edu.arrays.axes import canonical
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Concat")
class Concat(Layer):
    r"""Put the bottoms one behind the other along one axis.

    .. math:: y = [x_0, x_1, \dots]

    Options (``concat_param``)
    --------------------------
    axis : int, default=1
        Negative counts from the end.
    concat_dim : int
        The old name of ``axis``.

    Shapes
    ------
    bottom[i] : x_i, (A..., C_i, B...): all alike but for C_i, the length of ``axis``
    top[0] : y, (A..., sum of C_i, B...)

    Gradients
    ---------
    .. math:: [dx_0, dx_1, \dots] = dy

    References
    ----------
    Szegedy et al. 2014 (GoogLeNet); Caffe: ``src/caffe/layers/concat_layer.cpp``. Lesson: day 18.
    """

    options_field = "concat_param"
    num_bottom = (1, None)

    def setup(self, bottom):
        both = self.options.HasField("axis") and self.options.HasField("concat_dim")
        if both:
            raise SpecError("`concat_dim` is the old name of `axis`: expected one of them, found both")
        self.axis = self.options.concat_dim if self.options.HasField("concat_dim") else self.options.axis

    def top_shapes(self, bottom_shapes):
        first = bottom_shapes[0]
        axis = canonical(self.axis, first)
        for x in bottom_shapes[1:]:
            if len(x) != len(first) or (*x[:axis], *x[axis + 1 :]) != (*first[:axis], *first[axis + 1 :]):
                raise ShapeError(f"expected the shape {first} but for axis {axis}, found {x}")
        return [(*first[:axis], sum(x[axis] for x in bottom_shapes), *first[axis + 1 :])]

    def forward(self, bottom, top):
        for blob, part in zip(bottom, self._parts(bottom, top[0].data), strict=True):
            part[...] = blob.data

    def backward(self, top, propagate_down, bottom):
        parts = self._parts(bottom, top[0].diff)
        for blob, part, wanted in zip(bottom, parts, propagate_down, strict=True):
            if wanted:
                blob.diff = part

    def _parts(self, bottom, y):
        """The part of ``y`` that belongs to each bottom."""
        axis, first, parts = canonical(self.axis, y.shape), 0, []
        for blob in bottom:
            last = first + blob.shape[axis]
            parts.append(y[(slice(None),) * axis + (slice(first, last),)])
            first = last
        return parts
