"""Dropout: while training, forget a random part of the signal."""

from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Dropout")
class Dropout(Layer):
    r"""Set each number to 0 with probability r and enlarge the others, so that the mean stays.

    .. math:: y = \frac{m\, x}{1 - r}, \qquad m \in \{0, 1\}, \; P(m = 0) = r

    In the TEST phase y = x.

    Options (``dropout_param``)
    ---------------------------
    dropout_ratio : float, default=0.5
        r.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = \frac{m\, dy}{1 - r}

    References
    ----------
    Srivastava et al. 2014; Caffe: ``src/caffe/layers/dropout_layer.cpp``. Lesson: day 11.
    """

    options_field = "dropout_param"
    in_place = True

    def setup(self, bottom):
        self.ratio = self.options.dropout_ratio
        if not 0 <= self.ratio < 1:
            raise SpecError(f"expected `dropout_ratio` in [0, 1), found {self.ratio:g}")

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x, y = bottom[0].data, top[0].data
        if self.phase == "TEST":
            y[...] = x
            return
        kept = self.rng.random(x.shape, dtype="float32") >= self.ratio  # drawn on the CPU: one seed, one mask
        self.mask = self.xp.asarray(kept) * self.dtype.type(1 / (1 - self.ratio))
        self.xp.multiply(x, self.mask, out=y)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dx = bottom[0].diff
            dx[...] = top[0].diff if self.phase == "TEST" else top[0].diff * self.mask
