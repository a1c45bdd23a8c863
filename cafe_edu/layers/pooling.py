"""Pooling: keep the largest, the mean, or a drawn one of each window."""

from cafe_edu.arrays import pooling, stochastic_pooling
from cafe_edu.arrays.windows import Window
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("Pooling")
class Pooling(Layer):
    r"""Make images smaller: one number for each window and channel.

    .. math:: \text{MAX: } y = \max_{u,v} x_{is+u-p,\,js+v-p} \qquad
              \text{AVE: } y = \tfrac{1}{A}\sum_{u,v} x_{is+u-p,\,js+v-p}

    STOCHASTIC: in the TRAIN phase a window draws one of its inputs, which must be 0 or more, each as often as it
    is large; in the TEST phase y is the mean of such draws, :math:`\sum x^2 / \sum x`.

    Options (``pooling_param``)
    ---------------------------
    pool : MAX (default), AVE or STOCHASTIC
    kernel_size or kernel_h and kernel_w : int
    stride, pad or their _h, _w forms : int, default=1 and 0
    global_pooling : bool, default=false
        The window is the whole image.
    round_mode : CEIL (default) or FLOOR
        CEIL lets the last window hang over the edge.

    STOCHASTIC takes no pad.

    Shapes
    ------
    bottom[0] : x, (N, C, H, W)
    top[0] : y, (N, C, OH, OW), OH = ceil((H + 2p - k)/s) + 1
    top[1] : with MAX, where each largest number stands in its H x W plane, counted row by row, as a
        float; optional, and no gradient comes back from it

    Gradients
    ---------
    MAX: dy goes to the one input that was largest (the first of equals). AVE: dy/A to each input, A the
    area of the window clipped at the padded edge. STOCHASTIC: dy to the one input that was drawn; in the TEST
    phase the derivative of the mean.

    References
    ----------
    Caffe: ``src/caffe/layers/pooling_layer.cpp``. Where a window would see no input Caffe corrupts its
    memory; here that is an error. Its STOCHASTIC (``pooling_layer.cu``) needs a GPU, notes what was drawn as
    a float that is exact to 2^24 only, and in the TEST phase has no gradient. Lesson: day 11.
    """

    options_field = "pooling_param"
    num_top = (1, 2)

    def setup(self, bottom):
        options = self.options
        self.kind = options.PoolMethod.Name(options.pool)
        if self.kind != "MAX" and len(self.spec.top) > 1:
            raise SpecError(f"a second top needs `pool: MAX`, found {self.kind}")
        self.window = self._window()
        if self.kind == "STOCHASTIC" and self.window and any(self.window.pad):
            raise SpecError(f"`pool: STOCHASTIC` takes no padding, found pad {self.window.pad}")
        self.index = None

    def _window(self):
        """The window that the options describe; None for the whole image."""
        kernel, stride, pad = (self._pair(name) for name in ("kernel", "stride", "pad"))
        if self.options.global_pooling:
            if kernel or stride != (1, 1) or pad != (0, 0):
                raise SpecError("`global_pooling` looks at the whole image: leave out kernel, stride, pad")
            return None
        if not kernel:
            raise SpecError("`kernel_size` (or `kernel_h` and `kernel_w`, or `global_pooling`) is not set")
        if min(kernel) < 1 or min(stride) < 1:
            raise SpecError(f"expected a kernel and a stride of 1 or more, found {kernel} and {stride}")
        if pad[0] >= kernel[0] or pad[1] >= kernel[1]:
            raise SpecError(f"expected a pad smaller than the kernel {kernel}, found {pad}")
        return Window(kernel, stride, pad, (1, 1))

    def _pair(self, what):
        """(along H, along W) of "kernel", "stride" or "pad"; () for a kernel that is not set."""
        both, h, w = "kernel_size" if what == "kernel" else what, f"{what}_h", f"{what}_w"
        given = [name for name in (both, h, w) if self.options.HasField(name)]
        if given in ([], [both]):
            return (getattr(self.options, both),) * 2 if given or what != "kernel" else ()
        if given != [h, w]:
            raise SpecError(f"expected `{both}`, or `{h}` and `{w}` together, found {' and '.join(given)}")
        return getattr(self.options, h), getattr(self.options, w)

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        if len(x) != 4:
            raise ShapeError(f"expected 4 axes (N, C, H, W), found {x}")
        out = pooling.pool_size(x[2:], self._over(x), ceil=self.options.round_mode == self.options.CEIL)
        return [(*x[:2], *out)] * len(self.spec.top)

    def _over(self, shape):
        """The window for images of this shape."""
        return self.window or Window(shape[2:], (1, 1), (0, 0), (1, 1))

    def forward(self, bottom, top):
        x, y = bottom[0].data, top[0].data
        window = self._over(x.shape)
        if self.kind == "AVE":
            self.engine.ave_forward(x, window, y)
        elif self.kind == "MAX":
            self._max_forward(bottom, top, window)
        elif self.phase == "TRAIN":
            draws = 1 - self.rng.random(y.shape, dtype="float32")  # of (0, 1]; on the CPU: one seed, one draw
            self.index = stochastic_pooling.draw_forward(x, window, self.xp.asarray(draws, self.dtype), y)
        else:
            stochastic_pooling.mean_forward(x, window, y)

    def _max_forward(self, bottom, top, window):
        x, y = bottom[0].data, top[0].data
        self.index = self.engine.max_forward(x, window, y, self.phase == "TRAIN" or len(top) > 1)
        if len(top) > 1:
            top[1].data = pooling.mask_of(self.index, window, x.shape[2:])

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        dy, dx = top[0].diff, bottom[0].diff
        window = self._over(dx.shape)
        if self.kind == "AVE":
            self.engine.ave_backward(dy, window, dx)
        elif self.kind == "STOCHASTIC" and self.phase == "TEST":
            stochastic_pooling.mean_backward(bottom[0].data, dy, window, dx)
        else:
            index = self.index
            if index is None:  # a TEST net keeps none: find it again (the bottom is as it was)
                index = self.engine.max_forward(bottom[0].data, window, self.xp.empty_like(dy), True)
            self.engine.max_backward(dy, index, window, dx)
