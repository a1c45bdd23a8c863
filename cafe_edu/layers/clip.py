"""Clip: nothing below one bound, nothing above the other."""

from cafe_edu.errors import SpecError
from cafe_edu.layer import Layer, register


@register("Clip")
class Clip(Layer):
    r"""Move each number that lies outside [l, h] to the nearer end.

    .. math:: y = \max(l, \min(x, h))

    Options (``clip_param``)
    ------------------------
    min : float
        l; must be written.
    max : float
        h, not below l; must be written.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place (Caffe's gradient is wrong there; here it is right)

    Gradients
    ---------
    .. math:: dx = dy \text{ where } l \le x \le h, \quad 0 \text{ elsewhere}

    References
    ----------
    Caffe: ``src/caffe/layers/clip_layer.cpp``. Lesson: day 7.
    """

    options_field = "clip_param"
    in_place = True

    def setup(self, bottom):
        for field in ("min", "max"):
            if not self.options.HasField(field):
                raise SpecError(f"`{field}` is needed in `clip_param` and is not set")
        self.low, self.high = self.options.min, self.options.max
        if not self.low <= self.high:
            raise SpecError(f"expected `min` <= `max` in `clip_param`, found {self.low:g} and {self.high:g}")

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        self.inside = (x >= self.low) & (x <= self.high)  # kept: in place y overwrites x
        self.xp.clip(x, self.low, self.high, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self.xp.multiply(top[0].diff, self.inside, out=bottom[0].diff)
