"""LRN: a loud number makes its neighbours quieter."""

from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("LRN")
class LRN(Layer):
    r"""Local response normalization: divide each number by the size of those around it.

    .. math:: s_i = k + \frac{\alpha}{A} \sum_{j \text{ near } i} x_j^2, \qquad y_i = x_i\, s_i^{-\beta}

    Near are, ACROSS_CHANNELS, the n channels around i at the same pixel (A = n); WITHIN_CHANNEL, the n x n
    pixels around i in the same channel (A = n²). Beyond the edge are zeros, and A counts them.

    Options (``lrn_param``)
    -----------------------
    local_size : int, default=5
        n, odd: i stands in the middle.
    alpha, beta : float, default=1 and 0.75
    k : float, default=1
        ACROSS_CHANNELS only: as in Caffe, WITHIN_CHANNEL takes 1 whatever is written.
    norm_region : ACROSS_CHANNELS (default) or WITHIN_CHANNEL

    Shapes
    ------
    bottom[0] : x, (N, C, H, W)
    top[0] : y, the same

    Gradients
    ---------
    .. math:: dx_i = s_i^{-\beta} dy_i - \frac{2 \alpha \beta}{A}\, x_i
              \sum_{j \text{ near } i} dy_j\, x_j\, s_j^{-\beta - 1}

    References
    ----------
    Krizhevsky, Sutskever, Hinton 2012, section 3.3; Caffe: ``src/caffe/layers/lrn_layer.cpp``, which makes
    WITHIN_CHANNEL of four small layers. Lesson: day 11.
    """

    options_field = "lrn_param"

    def setup(self, bottom):
        options = self.options
        self.size = options.local_size
        if self.size % 2 == 0:
            raise SpecError(f"expected an odd `local_size` (so that there is a middle), found {self.size}")
        within = options.norm_region == options.WITHIN_CHANNEL
        self.axes, self.k = ((2, 3), 1) if within else ((1,), options.k)

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if len(x) != 4:
            raise ShapeError(f"expected 4 axes (N, C, H, W), found {x}")
        return bottom_shapes

    def forward(self, bottom, top):
        alpha, beta = self.options.alpha, self.options.beta
        x, y = bottom[0].data, top[0].data
        self.kept = self.engine.lrn_forward(x, self.size, self.axes, alpha, beta, self.k, y)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x, dy, dx = bottom[0].data, top[0].diff, bottom[0].diff
            self.engine.lrn_backward(x, dy, self.kept, self.size, self.axes, self.options.alpha, self.options.beta, dx)
