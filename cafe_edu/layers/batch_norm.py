"""BatchNorm: every channel brought to mean 0 and variance 1, over the batch."""

import math

from cafe_edu.arrays.scratch import again
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.layer import Layer, register


@register("BatchNorm")
class BatchNorm(Layer):
    r"""Take each channel's mean away and divide by its standard deviation; remember both for the test.

    .. math:: y = \frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}}

    In training, :math:`\mu_c` and :math:`\sigma_c^2` (divided by m, the numbers per channel) are the batch's
    own, and three decaying sums gather them:

    .. math:: M \leftarrow f M + \mu, \qquad V \leftarrow f V + \tfrac{m}{m-1} \sigma^2, \qquad k \leftarrow f k + 1

    In the TEST phase :math:`\mu = M/k` and :math:`\sigma^2 = V/k`. Before any training k is 0; both then are 0
    too and :math:`y = x / \sqrt\epsilon`. A learned scale and shift are layers of their own: put Scale behind.

    Options (``batch_norm_param``)
    ------------------------------
    use_global_stats : bool, default=false in TRAIN, true in TEST
        Use the gathered statistics instead of the batch's.
    moving_average_fraction : float, default=0.999
        f.
    eps : float, default=1e-5
        :math:`\epsilon`.

    Shapes
    ------
    bottom[0] : x, (N, C, ...); (N,) is one channel (real Caffe aborts there)
    top[0] : y, the same; may be in place
    params : sum of means M, (C,); sum of variances V, (C,); sum of weights k, (1,). Not learned: their
        ``lr_mult`` is 0, whether the prototxt says so or not; forward in training changes them.

    Gradients
    ---------
    With means over each channel; with gathered statistics only the first term.

    .. math:: dx = \frac{dy - \overline{dy} - y\, \overline{y\, dy}}{\sqrt{\sigma^2 + \epsilon}}

    References
    ----------
    Ioffe and Szegedy 2015; Caffe: ``src/caffe/layers/batch_norm_layer.cpp``. Lesson: day 18.
    """

    options_field = "batch_norm_param"
    in_place = True

    def setup(self, bottom):
        self.eps, self.y = self.not_negative("eps"), None
        x = bottom[0].shape
        if not x:
            raise ShapeError("expected at least 1 axis, found a single number")
        self.channels = x[1] if len(x) > 1 else 1
        for name, count in (("mean_sum", self.channels), ("variance_sum", self.channels), ("weight_sum", 1)):
            self.add_param(name, (count,))
        for i in range(len(self.params)):
            param = self.spec.param[i] if i < len(self.spec.param) else self.spec.param.add(lr_mult=0)
            if param.lr_mult != 0:
                raise SpecError(
                    f"expected `lr_mult: 0` in `param` {i}, found {param.lr_mult:g}: "
                    f"the parameters of BatchNorm are statistics, not learned; leave `param` out"
                )
        given = self.options.HasField("use_global_stats")
        self.gathered = self.options.use_global_stats if given else self.phase == "TEST"

    def top_shapes(self, bottom_shapes):
        (x,) = bottom_shapes
        channels = x[1] if len(x) > 1 else 1
        if channels != self.channels:
            raise ShapeError(f"expected {self.channels} channels on axis 1, found {channels} in {x}")
        return [x]

    def forward(self, bottom, top):
        xp, x, y = self.xp, self._by_channel(bottom[0].data), self._by_channel(top[0].data)
        M, V, k = (blob.data for blob in self.params)
        # y is kept for the way back, because a layer in place may overwrite the top
        self.y = again(self.y, x) if self.goes_back and not self.gathered else None
        if self.gathered:
            k = xp.where(k == 0, 0, 1 / xp.where(k == 0, 1, k))
            self.std = xp.sqrt(V * k + self.dtype.type(self.eps))
            self.engine.normalize(x, M * k, self.std, y, None)
        elif x.size:  # an empty batch has no statistics, and adds none
            mean, variance, self.std = self.engine.batch_norm_forward(x, self.eps, y, self.y)
            self._gather(mean, variance, m=x.size // self.channels)
            top[0].lend_copy(self.y)

    def _gather(self, mean, variance, m):
        f = self.options.moving_average_fraction
        for blob, new in zip(self.params, (mean, variance * (m / max(m - 1, 1)), 1), strict=True):
            blob.data = blob.data * f + new

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0] or not top[0].count:
            return
        dy, dx = self._by_channel(top[0].diff), self._by_channel(bottom[0].diff)
        if self.gathered:
            self.engine.normalize(dy, self.xp.zeros_like(self.std), self.std, dx, None)
        else:
            self.engine.batch_norm_backward(dy, self.y, self.std, dx)

    def _by_channel(self, x):
        """The items as (N, C, rest)."""
        return x.reshape(len(x), self.channels, math.prod(x.shape[2:]))
