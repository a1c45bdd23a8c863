"""Adam: momentum, and short steps where the gradients are large."""

import math

from cafe_edu.device import array_module
from cafe_edu.errors import SpecError
from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("Adam")
class Adam(Rule):
    r"""Divide a running mean of gradients by the root of a running mean of their squares.

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2

    .. math:: u = \ell\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\; \frac{m}{\sqrt{v} + \delta}

    Both means start at zero; the fraction in t, the number of this update, makes up for it. :math:`\beta_1` is
    ``momentum``, :math:`\beta_2` ``momentum2``, each at least 0 and below 1.

    References
    ----------
    Kingma, Ba 2015; Caffe: ``src/caffe/solvers/adam_solver.cpp``. Lesson: day 13.
    """

    histories = 2  # m, then v

    def __init__(self, spec):
        super().__init__(spec)
        check_betas(spec)

    def update(self, g, history, rate, t):
        return adam_step(self.spec, g, history, rate, t)


def check_betas(spec):
    """Raise a ``SpecError`` where the running means would never begin, or grow for ever."""
    for name in ("momentum", "momentum2"):
        if not 0 <= getattr(spec, name) < 1:
            raise SpecError(f"expected `{name}` in [0, 1), found {getattr(spec, name):g}")


def adam_step(spec, g, history, rate, t):
    """Return Adam's u, written over g; Adam and AdamW differ only in what is in g."""
    (m, v), xp = history, array_module(g)
    beta1, beta2 = spec.momentum, spec.momentum2
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * (g * g)
    g[...] = rate * correction(spec, t) * m / (xp.sqrt(v) + spec.delta)
    return g


def correction(spec, t):
    """What makes up for the two means that started at zero, ``t`` updates ago."""
    return math.sqrt(1 - spec.momentum2 ** (t + 1)) / (1 - spec.momentum ** (t + 1))
