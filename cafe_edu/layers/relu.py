"""ReLU: negative numbers become 0."""

from cafe_edu.arrays.scratch import again
from cafe_edu.layer import Layer, register


@register("ReLU")
class ReLU(Layer):
    r"""Keep what is positive, scale what is not by a small slope (0: drop it).

    .. math:: y = \max(x, 0) + \alpha \min(x, 0)

    Options (``relu_param``)
    ------------------------
    negative_slope : float, default=0
        :math:`\alpha`.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy \text{ where } x > 0, \quad \alpha\, dy \text{ elsewhere}

    References
    ----------
    Nair and Hinton 2010; Caffe: ``src/caffe/layers/relu_layer.cpp``. Lesson: day 7.
    """

    options_field = "relu_param"
    in_place = True

    def setup(self, bottom):
        self.positive = None

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x, y, alpha = bottom[0].data, top[0].data, self.options.negative_slope
        if alpha == 0:
            # kept, because in place y overwrites x and a later layer may overwrite y
            self.positive = again(self.positive, x, bool) if self.goes_back else None
            self.engine.relu_forward(x, y, self.positive)
        else:
            self.positive = x > 0
            y[...] = self.xp.where(self.positive, x, alpha * x)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            dy, dx, alpha = top[0].diff, bottom[0].diff, self.options.negative_slope
            if alpha == 0:
                self.engine.relu_backward(dy, self.positive, dx)
            else:
                dx[...] = self.xp.where(self.positive, dy, alpha * dy)
