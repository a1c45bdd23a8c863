"""ELU: a ReLU that comes to rest below zero."""

from cafe_edu.layer import Layer, register


@register("ELU")
class ELU(Layer):
    r"""Exponential linear unit: keep what is positive, let the rest approach :math:`-\alpha`.

    .. math:: y = \max(x, 0) + \alpha\, (e^{\min(x, 0)} - 1)

    Options (``elu_param``)
    -----------------------
    alpha : float, default=1
        :math:`\alpha`.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy \text{ where } x > 0, \quad \alpha\, e^x\, dy \text{ elsewhere}

    References
    ----------
    Clevert, Unterthiner, Hochreiter 2016; Caffe: ``src/caffe/layers/elu_layer.cpp``. Lesson: day 7.
    """

    options_field = "elu_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        xp, x, alpha = self.xp, bottom[0].data, self.options.alpha
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        xp.add(xp.maximum(x, 0), alpha * xp.expm1(xp.minimum(x, 0)), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            xp, x, dy, alpha = self.xp, self.x, top[0].diff, self.options.alpha
            bottom[0].diff = dy * xp.where(x > 0, 1, alpha * xp.exp(xp.minimum(x, 0)))
