"""GELU: each number goes on as far as it is larger than others."""

import math

from cafe_edu.arrays.erf import erf
from cafe_edu.layer import Layer, register


@register("GELU")
class GELU(Layer):
    r"""Multiply each number by the chance that a bell-shaped one is smaller.

    .. math:: y = x\, \Phi(x), \qquad \Phi(x) = \tfrac12 \bigl(1 + \operatorname{erf}(x / \sqrt2)\bigr)

    or, as an approximation that is up to 0.0005 off and that many trained models used,

    .. math:: \Phi(x) \approx \tfrac12 (1 + \tanh u), \qquad u = \sqrt{2/\pi}\, (x + 0.044715\, x^3)

    Options (``gelu_param``)
    ------------------------
    approximate : bool, default=false
        The formula with tanh.

    Shapes
    ------
    bottom[0] : x, any
    top[0] : y, the same; may be in place

    Gradients
    ---------
    .. math:: dx = dy\, \bigl(\Phi(x) + x\, \phi(x)\bigr), \qquad \phi(x) = \frac{e^{-x^2/2}}{\sqrt{2\pi}}

    or, of the approximation, :math:`\phi(x) = \tfrac12 (1 - \tanh^2 u) \sqrt{2/\pi}\, (1 + 3 \cdot 0.044715\, x^2)`.

    References
    ----------
    Hendrycks and Gimpel 2016. Not of stock Caffe: the type and its option are ours. Lesson: day 7.
    """

    stock = False
    options_field = "gelu_param"
    in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        x = bottom[0].data
        self.x = x.copy() if top[0] is bottom[0] else x  # in place y overwrites x
        self.xp.multiply(x, self._chance(x), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x = self.x
            self.xp.multiply(top[0].diff, self._chance(x) + x * self._bell(x), out=bottom[0].diff)

    def _chance(self, x):
        """Return Phi."""
        return 0.5 * (1 + (self._tanh(x) if self.options.approximate else erf(x * math.sqrt(0.5))))

    def _bell(self, x):
        """Return phi, the slope of Phi."""
        if not self.options.approximate:
            return self.xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
        return 0.5 * (1 - self.xp.square(self._tanh(x))) * slope

    def _tanh(self, x):
        return self.xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
