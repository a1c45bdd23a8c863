"""AdaDelta: steps in the units of the weights."""

from cafe_edu.device import array_module
from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("AdaDelta")
class AdaDelta(Rule):
    r"""Scale each gradient by the size of past steps over the size of past gradients.

    .. math:: h \leftarrow \mu h + (1 - \mu)\, g^2, \quad
              v = g \sqrt{\frac{s + \delta}{h + \delta}}, \quad
              s \leftarrow \mu s + (1 - \mu)\, v^2, \qquad u = \ell v

    ``momentum`` is :math:`\mu`, how long both memories are; the rate is 1 as the paper has it.

    References
    ----------
    Zeiler 2012; Caffe: ``src/caffe/solvers/adadelta_solver.cpp``. Lesson: day 13.
    """

    histories = 2  # h for the gradients, s for the steps

    def update(self, g, history, rate, t):
        (h, s), xp, mu, delta = history, array_module(g), self.spec.momentum, self.spec.delta
        h *= mu
        h += (1 - mu) * (g * g)
        g *= xp.sqrt((s + delta) / (h + delta))
        s *= mu
        s += (1 - mu) * (g * g)
        g *= rate
        return g
