"""AdaGrad: short steps where the gradients have been large."""

from cafe_edu.device import array_module
from cafe_edu.errors import SpecError
from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("AdaGrad")
class AdaGrad(Rule):
    r"""Divide each step by the root of all squared gradients so far.

    .. math:: h \leftarrow h + g^2, \qquad u = \frac{\ell g}{\sqrt{h} + \delta}

    Steps only get shorter. ``delta`` keeps the first ones finite; ``momentum`` must be 0.

    References
    ----------
    Duchi, Hazan, Singer 2011; Caffe: ``src/caffe/solvers/adagrad_solver.cpp``. Lesson: day 13.
    """

    def __init__(self, spec):
        super().__init__(spec)
        if spec.momentum != 0:
            raise SpecError(f"AdaGrad uses no momentum: expected `momentum: 0`, found {spec.momentum:g}")

    def update(self, g, history, rate, t):
        (h,), xp = history, array_module(g)
        h += g * g
        g *= rate / (xp.sqrt(h) + self.spec.delta)
        return g
