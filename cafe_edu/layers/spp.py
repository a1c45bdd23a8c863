"""SPP: images of any size become vectors of one length."""

from cafe_edu.arrays import pooling
from cafe_edu.arrays.scratch import scratch
from cafe_edu.arrays.windows import Window
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("SPP")
class SPP(Layer):
    r"""Spatial pyramid pooling: pool to 1 x 1, 2 x 2, 4 x 4, ... numbers, and put all of them side by side.

    Level l cuts the image into :math:`B = 2^l` rows and as many columns of windows that do not overlap,

    .. math:: k = \lceil H / B \rceil, \qquad s = k, \qquad p = \lfloor (k B - H + 1) / 2 \rfloor

    along each axis, and pools each window to one number for each channel.

    Options (``spp_param``)
    -----------------------
    pyramid_height : int
        The number of levels.
    pool : MAX (default) or AVE

    Shapes
    ------
    bottom[0] : x, (N, C, H, W)
    top[0] : y, (N, C (1 + 4 + 16 + ...)), level by level, channel by channel, row by row; of a single level
        (N, C, 1, 1)

    Gradients
    ---------
    Those of ``Pooling``, summed over the levels.

    References
    ----------
    He, Zhang, Ren, Sun 2014; Caffe: ``src/caffe/layers/spp_layer.cpp``. Lesson: day 11.
    """

    options_field = "spp_param"

    def setup(self, bottom):
        self.levels = self.required("pyramid_height")
        self.kind = self.options.PoolMethod.Name(self.options.pool)
        if self.kind == "STOCHASTIC":
            raise SpecError("expected `pool: MAX` or `pool: AVE`, found STOCHASTIC (in Caffe, GPU only)")

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if len(x) != 4:
            raise ShapeError(f"expected 4 axes (N, C, H, W), found {x}")
        for level in range(self.levels):
            window = _window(x[2:], 2**level)
            if any(p >= k for p, k in zip(window.pad, window.kernel, strict=True)):
                raise ShapeError(
                    f"level {level + 1} of the pyramid cuts the image into {2**level} x {2**level} windows, and of "
                    f"the inputs of {x} some would get none; use a `pyramid_height` of {level} or larger images"
                )
        if self.levels == 1:
            return [(*x[:2], 1, 1)]
        return [(x[0], x[1] * sum(4**level for level in range(self.levels)))]

    def forward(self, bottom, top):
        x = bottom[0].data
        self.index = []  # where each level's largest inputs stand
        for window, y in self._pyramid(x, top[0].data):
            if self.kind == "AVE":
                pooling.ave_forward(x, window, y)
            else:
                self.index.append(pooling.max_forward(x, window, y, True))

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        dx = bottom[0].diff
        dx[...] = 0
        part = scratch("level", dx.shape, dx)
        for level, (window, dy) in enumerate(self._pyramid(dx, top[0].diff)):
            if self.kind == "AVE":
                pooling.ave_backward(dy, window, part)
            else:
                pooling.max_backward(dy, self.index[level], window, part)
            dx += part

    def _pyramid(self, x, y):
        """Yield each level's window and its part of ``y`` as (N, C, B, B)."""
        (N, C, *size), rows, first = x.shape, y.reshape(len(x), y[:1].size), 0
        for level in range(self.levels):
            bins = 2**level
            last = first + C * bins * bins
            yield _window(size, bins), rows[:, first:last].reshape(N, C, bins, bins)
            first = last


def _window(size, bins):
    """The window that cuts ``size`` into ``bins`` parts along each axis."""
    kernel = tuple(-(-n // bins) for n in size)
    pad = tuple((k * bins - n + 1) // 2 for k, n in zip(kernel, size, strict=True))
    return Window(kernel, kernel, pad, (1, 1))
