"""Nesterov: momentum that looks where it is going."""

from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("Nesterov")
class Nesterov(Rule):
    r"""Take the step that the momentum will take anyway, and correct it from there.

    .. math:: h' = \mu h + \ell g, \qquad u = (1 + \mu)\, h' - \mu h

    References
    ----------
    Nesterov 1983; Sutskever et al. 2013; Caffe: ``src/caffe/solvers/nesterov_solver.cpp``. Lesson: day 13.
    """

    def update(self, g, history, rate, t):
        (h,), mu = history, self.spec.momentum
        before = mu * h
        h *= mu
        g *= rate
        h += g
        g[...] = (1 + mu) * h - before
        return g
