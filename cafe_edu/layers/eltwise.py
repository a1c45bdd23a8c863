"""Eltwise: blobs of one shape are joined number by number."""

import math

from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Eltwise")
class Eltwise(Layer):
    r"""Add, multiply or compare blobs of the same shape, number by number.

    .. math:: \text{SUM: } y = \sum_i c_i x_i \qquad \text{PROD: } y = \prod_i x_i \qquad
              \text{MAX: } y = \max_i x_i

    Options (``eltwise_param``)
    ---------------------------
    operation : SUM (default), PROD or MAX
    coeff : float, one for each bottom, default=1
        :math:`c_i`. SUM only: PROD refuses it, MAX overlooks it.
    stable_prod_grad : bool, default=true
        PROD: multiply the gradient by the other factors. false divides the product by the factor instead:
        fewer multiplications where there are many bottoms, and NaN where a factor is 0.

    Shapes
    ------
    bottom[i] : x_i, any, all the same
    top[0] : y, the same

    Gradients
    ---------
    .. math:: \text{SUM: } dx_i = c_i\, dy \qquad \text{PROD: } dx_i = dy \prod_{j \neq i} x_j

    MAX: dy goes to the one bottom that was largest. If bottoms 0 and 1 are equal it is bottom 1; a later
    one must be larger than all before it.

    References
    ----------
    He et al. 2015 (ResNet: SUM); Caffe: ``src/caffe/layers/eltwise_layer.cpp``. Lesson: day 18.
    """

    options_field = "eltwise_param"
    num_bottom = (2, None)

    def setup(self, bottom):
        self.operation = self.options.EltwiseOp.Name(self.options.operation)
        given = list(self.options.coeff)
        if given and self.operation == "PROD":
            raise SpecError("`coeff` goes with `operation: SUM`, found PROD")
        if given and len(given) != len(bottom):
            raise SpecError(f"expected one `coeff` for each of {len(bottom)} bottoms, or none, found {len(given)}")
        self.coeff = given or [1] * len(bottom)
        if self.operation == "SUM":
            self.passes_diff = [i for i, c in enumerate(self.coeff) if c == 1]

    def top_shapes(self, bottom_shapes):
        first = bottom_shapes[0]
        for i, x in enumerate(bottom_shapes):
            if x != first:
                raise ShapeError(f"expected bottoms of one shape, found {first} and, as bottom {i}, {x}")
        return [first]

    def forward(self, bottom, top):
        x, y = [blob.data for blob in bottom], top[0].data
        if self.operation == "SUM":
            terms = [part if c == 1 else c * part for c, part in zip(self.coeff, x, strict=True)]
            self.xp.add(terms[0], terms[1], out=y)
            for term in terms[2:]:
                y += term
        elif self.operation == "PROD":
            self.xp.multiply(x[0], x[1], out=y)
            for factor in x[2:]:
                y *= factor
        else:
            self.largest = self.xp.zeros(y.shape, self.xp.int32)  # which bottom
            y[...] = x[0]
            for i, other in enumerate(x[1:], 1):
                wins = ~(y > other) if i == 1 else other > y
                self.largest[wins] = i
                y[...] = self.xp.where(wins, other, y)

    def backward(self, top, propagate_down, bottom):
        dy = top[0].diff
        for i, blob in enumerate(bottom):
            if not propagate_down[i]:
                continue
            if self.operation == "SUM" and self.coeff[i] == 1:
                if not blob.shares_diff_with(top[0]):
                    blob.diff = dy
            elif self.operation == "SUM":
                self.xp.multiply(dy, self.coeff[i], out=blob.diff)
            elif self.operation == "PROD":
                self.xp.multiply(dy, self._others(bottom, i), out=blob.diff)
            else:
                self.xp.multiply(dy, self.largest == i, out=blob.diff)

    def _others(self, bottom, i):
        """The product of all bottoms but one."""
        if self.options.stable_prod_grad:
            return math.prod(blob.data for j, blob in enumerate(bottom) if j != i)
        # the product anew: a layer in place may have overwritten the top
        return math.prod(blob.data for blob in bottom) / bottom[i].data
