"""Learning rate policies: how long the steps are as training goes on."""

import math

from cafe_edu.errors import SpecError

POLICIES = {}


def learning_rate(spec, iter, current_step=0):
    r"""Return the rate at an iteration and the new ``current_step`` (used by multistep alone).

    With ``warmup_iter`` W > 0 (not in Caffe), the first W iterations lead in a straight line from
    ``warmup_start_lr`` s to what the policy p says:

    .. math:: rate = s + (p(iter) - s)\, \frac{iter}{W}, \qquad iter < W

    Parameters
    ----------
    spec : SolverParameter
    iter : int
    current_step : int

    Raises
    ------
    SpecError
        For an unknown ``lr_policy``, or one whose numbers are missing.

    Examples
    --------
    >>> from cafe_edu.proto import caffe_pb2
    >>> spec = caffe_pb2.SolverParameter(base_lr=0.1, lr_policy="step", gamma=0.5, stepsize=100)
    >>> [round(learning_rate(spec, i)[0], 4) for i in (0, 99, 100, 250)]
    [0.1, 0.1, 0.05, 0.025]

    References
    ----------
    Caffe: ``SGDSolver::GetLearningRate`` in ``src/caffe/solvers/sgd_solver.cpp``. Lesson: day 13.
    """
    if spec.lr_policy not in POLICIES:
        known = ", ".join(sorted(POLICIES))
        raise SpecError(f"expected an `lr_policy` among {known}, found {spec.lr_policy!r}")
    if spec.warmup_iter < 0 or spec.warmup_start_lr < 0:
        raise SpecError(
            f"expected `warmup_iter` and `warmup_start_lr` of 0 or more, found {spec.warmup_iter} and "
            f"{spec.warmup_start_lr:g}"
        )
    rate, current_step = POLICIES[spec.lr_policy](spec, iter, current_step)
    if iter < spec.warmup_iter:
        rate = spec.warmup_start_lr + (rate - spec.warmup_start_lr) * iter / spec.warmup_iter
    return rate, current_step


def policy(function):
    POLICIES[function.__name__] = function
    return function


@policy
def fixed(spec, iter, current_step):
    """base_lr"""
    return spec.base_lr, current_step


@policy
def step(spec, iter, current_step):
    r""":math:`base\_lr \cdot \gamma^{\lfloor iter / stepsize \rfloor}`"""
    if spec.stepsize < 1:
        raise SpecError(f"lr_policy 'step' needs a `stepsize` of 1 or more, found {spec.stepsize}")
    current_step = iter // spec.stepsize
    return spec.base_lr * spec.gamma**current_step, current_step


@policy
def exp(spec, iter, current_step):
    r""":math:`base\_lr \cdot \gamma^{iter}`"""
    return spec.base_lr * spec.gamma**iter, current_step


@policy
def inv(spec, iter, current_step):
    r""":math:`base\_lr \cdot (1 + \gamma\, iter)^{-power}`"""
    return spec.base_lr * (1 + spec.gamma * iter) ** -spec.power, current_step


@policy
def multistep(spec, iter, current_step):
    """base_lr times gamma for each ``stepvalue`` passed; at most one is passed at a call, as in Caffe."""
    if current_step < len(spec.stepvalue) and iter >= spec.stepvalue[current_step]:
        current_step += 1
    return spec.base_lr * spec.gamma**current_step, current_step


@policy
def poly(spec, iter, current_step):
    r""":math:`base\_lr \cdot (1 - iter / max\_iter)^{power}`, and 0 from ``max_iter`` on."""
    if spec.max_iter < 1:
        raise SpecError(f"lr_policy 'poly' needs a `max_iter` of 1 or more, found {spec.max_iter}")
    return spec.base_lr * max(0, 1 - iter / spec.max_iter) ** spec.power, current_step


@policy
def sigmoid(spec, iter, current_step):
    r""":math:`base\_lr \,/\, (1 + e^{-\gamma (iter - stepsize)})`; as Caffe asks for gamma >= 0, it rises."""
    if spec.gamma < 0 or spec.stepsize < 1:
        raise SpecError(
            f"lr_policy 'sigmoid' needs gamma >= 0 and stepsize >= 1, found {spec.gamma:g} and {spec.stepsize}"
        )
    return spec.base_lr / (1 + math.exp(-spec.gamma * (iter - spec.stepsize))), current_step


@policy
def cosine(spec, iter, current_step):
    r""":math:`min\_lr + \tfrac{1}{2} (base\_lr - min\_lr) (1 + \cos(\pi\, iter / max\_iter))`. Not in Caffe.

    From ``max_iter`` on it is ``min_lr``. Half a wave: slow at the start, slow at the end (Loshchilov, Hutter 2017).
    """
    if spec.max_iter < 1:
        raise SpecError(f"lr_policy 'cosine' needs a `max_iter` of 1 or more, found {spec.max_iter}")
    height = (1 + math.cos(math.pi * min(1, iter / spec.max_iter))) / 2
    return spec.min_lr + (spec.base_lr - spec.min_lr) * height, current_step
