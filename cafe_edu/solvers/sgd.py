"""SGD: stochastic gradient descent with momentum."""

from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("SGD")
class SGD(Rule):
    r"""A heavy ball rolls downhill: it keeps part of its last step.

    .. math:: h \leftarrow \mu h + \ell g, \qquad u = h

    :math:`\ell` is the rate, :math:`\mu` the momentum. The rate is inside h, so a change of the rate takes
    effect slowly (other frameworks multiply by it outside).

    References
    ----------
    Caffe: ``src/caffe/solvers/sgd_solver.cpp``. Lesson: day 13.
    """

    def update(self, g, history, rate, t):
        (h,) = history
        h *= self.spec.momentum
        g *= rate
        h += g
        g[...] = h
        return g
