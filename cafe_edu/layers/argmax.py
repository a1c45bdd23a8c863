"""ArgMax: where the largest numbers stand."""

import math

from cafe_edu.arrays.axes import around, canonical
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("ArgMax")
class ArgMax(Layer):
    r"""Say where the ``top_k`` largest numbers stand, the largest first.

    .. math:: y_j = \operatorname{argmax}^{(j)}_i x_i

    Of equal numbers the one with the larger index comes first. There is no gradient: a net that must learn
    through this layer is refused on the way back.

    Options (``argmax_param``)
    --------------------------
    top_k : int, default=1
        k.
    out_max_val : bool, default=false
        Give the numbers themselves too; with ``axis``, in place of the indices.
    axis : int, optional
        Compare along this axis only; negative counts from the end. Not written: compare all numbers of an
        item.

    Shapes
    ------
    bottom[0] : x, (N, ...)
    top[0] : y. With ``axis``, as x with k for that axis's length. Without, (N, 1, k, 1...): as many axes
        as x, at least 3; with ``out_max_val`` (N, 2, k, 1...), the indices first, then the numbers

    References
    ----------
    Caffe: ``src/caffe/layers/argmax_layer.cpp``. Lesson: day 11.
    """

    options_field = "argmax_param"

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if not x:
            raise ShapeError("expected 1 axis or more, found a single number, ()")
        k, (_, count, _) = self.options.top_k, self._around(x)
        if not 1 <= k <= count:
            raise SpecError(f"expected `top_k` of 1 to {count} for the numbers compared in {x}, found {k}")
        if self.options.HasField("axis"):
            axis = canonical(self.options.axis, x)
            return [(*x[:axis], k, *x[axis + 1 :])]
        return [(x[0], 2 if self.options.out_max_val else 1, k) + (1,) * (len(x) - 3)]

    def forward(self, bottom, top):
        x, y, k = bottom[0].data, top[0].data, self.options.top_k
        x = x.reshape(self._around(x.shape))
        if k == 1:
            index = x.shape[1] - 1 - self.xp.argmax(x[:, ::-1], axis=1)[:, None]  # the last of equals
        else:
            index = self.xp.argsort(x, axis=1, kind="stable")[:, : -k - 1 : -1]
        value = self.xp.take_along_axis(x, index, axis=1)
        if not self.options.out_max_val:
            y[...] = index.reshape(y.shape)
        elif self.options.HasField("axis"):
            y[...] = value.reshape(y.shape)
        else:
            y[:, 0], y[:, 1] = index.reshape(y[:, 0].shape), value.reshape(y[:, 1].shape)

    def _around(self, x):
        """The shape ``x`` as (outer, the numbers compared, inner)."""
        if self.options.HasField("axis"):
            return around(canonical(self.options.axis, x), x)
        return x[0], math.prod(x[1:]), 1
