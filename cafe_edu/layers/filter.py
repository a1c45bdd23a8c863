"""Filter: only some items of a batch go on."""

from cafe_edu.errors import NetError, ShapeError
from cafe_edu.layer import Layer, register


@register("Filter")
class Filter(Layer):
    r"""Let those items through whose selector is not 0, in their order.

    .. math:: y = [x_n : s_n \neq 0]

    How many that are is known only when the layer runs: until then the tops have room for all, and
    after it there may be none.

    Shapes
    ------
    bottom[k] : x_k, (N, ...), one or more
    bottom[last] : s, (N,) or (N, 1, ...); takes no gradient
    top[k] : y_k, (M, ...), one for each x_k; M, from 0 to N, is set by forward

    Gradients
    ---------
    .. math:: dx_n = dy_m \text{ for the item that went through as } m, \quad 0 \text{ for the others}

    References
    ----------
    Caffe: ``src/caffe/layers/filter_layer.cpp``. Lesson: day 11.
    """

    num_bottom = (2, None)
    num_top = (1, None)

    def setup(self, bottom):
        if len(self.spec.top) != len(bottom) - 1:
            raise NetError(
                f"expected one top for each bottom but the last, {len(bottom) - 1}, found {len(self.spec.top)}"
            )
        self.no_gradient = (len(bottom) - 1,)  # the selector is the last, wherever that is

    def top_shapes(self, bottom_shapes):
        *items, selector = bottom_shapes
        if not selector or any(n != 1 for n in selector[1:]):
            raise ShapeError(f"expected a selector (N,) or (N, 1, ...), found {selector}")
        for x in items:
            if not x or x[0] != selector[0]:
                raise ShapeError(f"expected {selector[0]} items, one for each entry of the selector, found {x}")
        return items

    def forward(self, bottom, top):
        self.kept = self.xp.nonzero(bottom[-1].data.reshape(-1))[0]
        for x, y in zip(bottom[:-1], top, strict=True):
            y.reshape(len(self.kept), *x.shape[1:])
            y.data = x.data[self.kept]

    def backward(self, top, propagate_down, bottom):
        for x, y, wanted in zip(bottom[:-1], top, propagate_down[:-1], strict=True):
            if wanted:
                x.diff[...] = 0
                x.diff[self.kept] = y.diff
