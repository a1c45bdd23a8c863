"""RMSProp: AdaGrad that forgets."""

from cafe_edu.device import array_module
from cafe_edu.errors import SpecError
from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("RMSProp")
class RMSProp(Rule):
    r"""Divide each step by the root of a running mean of squared gradients.

    .. math:: h \leftarrow r h + (1 - r)\, g^2, \qquad u = \frac{\ell g}{\sqrt{h} + \delta}

    r is ``rms_decay``, at least 0 and below 1; ``momentum`` must be 0.

    References
    ----------
    Tieleman, Hinton 2012; Caffe: ``src/caffe/solvers/rmsprop_solver.cpp``. Lesson: day 13.
    """

    def __init__(self, spec):
        super().__init__(spec)
        if spec.momentum != 0:
            raise SpecError(f"RMSProp uses no momentum: expected `momentum: 0`, found {spec.momentum:g}")
        if not 0 <= spec.rms_decay < 1:
            raise SpecError(f"expected `rms_decay` in [0, 1), found {spec.rms_decay:g}")

    def update(self, g, history, rate, t):
        (h,), xp, r = history, array_module(g), self.spec.rms_decay
        h *= r
        h += (1 - r) * (g * g)
        g *= rate / (xp.sqrt(h) + self.spec.delta)
        return g
