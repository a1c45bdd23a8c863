"""lr_policies.py: each policy's numbers, worked by hand."""

import math

import pytest

from cafe_edu.errors import SpecError
from cafe_edu.lr_policies import POLICIES, learning_rate
from cafe_edu.proto import caffe_pb2


def solver(policy, **fields):
    return caffe_pb2.SolverParameter(**{"lr_policy": policy, "base_lr": 0.5, **fields})


def test_there_are_caffes_seven_and_cosine():
    assert sorted(POLICIES) == ["cosine", "exp", "fixed", "inv", "multistep", "poly", "sigmoid", "step"]


@pytest.mark.parametrize(
    ("spec", "rates"),
    [
        (solver("fixed"), {0: 0.5, 1000: 0.5}),
        (solver("step", gamma=0.5, stepsize=10), {0: 0.5, 9: 0.5, 10: 0.25, 19: 0.25, 20: 0.125, 35: 0.0625}),
        (solver("exp", gamma=0.5), {0: 0.5, 1: 0.25, 3: 0.0625}),
        (solver("inv", gamma=0.25, power=0.5), {0: 0.5, 12: 0.25, 60: 0.125}),  # 0.5 / sqrt(1 + iter / 4)
        (solver("poly", power=2, max_iter=10), {0: 0.5, 5: 0.125, 10: 0}),
        (solver("sigmoid", gamma=0.5, stepsize=4), {4: 0.25, 0: 0.5 / (1 + math.exp(2)), 1000: 0.5}),
        (solver("cosine", max_iter=12), {0: 0.5, 4: 0.375, 6: 0.25, 8: 0.125, 12: 0, 20: 0}),  # cos 60 degrees is 1/2
        (solver("cosine", max_iter=12, min_lr=0.1), {0: 0.5, 4: 0.4, 6: 0.3, 8: 0.2, 12: 0.1, 20: 0.1}),
    ],
    ids=lambda value: getattr(value, "lr_policy", ""),
)
def test_values(spec, rates):
    for iter, rate in rates.items():
        assert learning_rate(spec, iter)[0] == pytest.approx(rate, rel=1e-6), iter


def test_lenets_own():
    """0.01 (1 + 0.0001 iter)^-0.75, as LeNet's solver has it."""
    spec = solver("inv", base_lr=0.01, gamma=0.0001, power=0.75)
    assert learning_rate(spec, 5000)[0] == pytest.approx(0.01 * 1.5**-0.75, rel=1e-6)


def run(spec, iters, current_step=0):
    rates = []
    for iter in iters:
        rate, current_step = learning_rate(spec, iter, current_step)
        rates.append(rate)
    return rates, current_step


def test_multistep():
    assert run(solver("multistep", gamma=0.5, stepvalue=[2, 4]), range(7)) == (
        [0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.125],
        2,
    )


def test_multistep_takes_one_step_at_a_call():
    """Two stepvalues at one iteration take effect one iteration apart, as in Caffe."""
    assert run(solver("multistep", gamma=0.5, stepvalue=[2, 2]), range(5))[0] == [
        0.5,
        0.5,
        0.25,
        0.125,
        0.125,
    ]


def test_multistep_goes_on_from_a_stored_step():
    spec = solver("multistep", gamma=0.5, stepvalue=[2, 4])
    assert run(spec, [4, 5], current_step=1) == ([0.125, 0.125], 2)


def test_step_tells_its_step():
    assert learning_rate(solver("step", gamma=0.5, stepsize=10), 25)[1] == 2


@pytest.mark.parametrize(
    ("spec", "rates"),
    [
        (solver("fixed", warmup_iter=4), [0, 0.125, 0.25, 0.375, 0.5, 0.5]),
        (solver("fixed", warmup_iter=4, warmup_start_lr=0.1), [0.1, 0.2, 0.3, 0.4, 0.5, 0.5]),
        # towards what the policy says at that iteration
        (solver("step", gamma=0.5, stepsize=2, warmup_iter=4), [0, 0.125, 0.125, 0.1875, 0.125, 0.125]),
        (solver("poly", power=1, max_iter=4, warmup_iter=2), [0, 0.1875, 0.25, 0.125]),
        (solver("fixed", base_lr=0.1, warmup_iter=2, warmup_start_lr=0.3), [0.3, 0.2, 0.1]),  # down is fine too
    ],
    ids=lambda value: getattr(value, "lr_policy", ""),
)
def test_warm_up(spec, rates):
    assert run(spec, range(len(rates)))[0] == pytest.approx(rates, rel=1e-6)


def test_steps_are_counted_while_it_warms_up():
    spec = solver("multistep", gamma=0.5, stepvalue=[1, 3], warmup_iter=5)
    assert run(spec, range(6)) == (pytest.approx([0, 0.05, 0.1, 0.075, 0.1, 0.125]), 2)


def test_without_a_warm_up_its_first_rate_means_nothing():
    assert learning_rate(solver("fixed", warmup_start_lr=0.1), 0)[0] == 0.5


def test_poly_stays_at_0_when_training_goes_on():
    """A root of a negative number is no learning rate."""
    assert learning_rate(solver("poly", power=0.5, max_iter=10), 15)[0] == 0


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            solver("steps"),
            "expected an `lr_policy` among cosine, exp, fixed, inv, multistep, poly, sigmoid, step, found 'steps'",
        ),
        (
            caffe_pb2.SolverParameter(base_lr=0.1),
            "expected an `lr_policy` among cosine, exp, fixed, inv, multistep, poly, sigmoid, step, found ''",
        ),
        (solver("step", gamma=0.5), "lr_policy 'step' needs a `stepsize` of 1 or more, found 0"),
        (solver("poly", power=1), "lr_policy 'poly' needs a `max_iter` of 1 or more, found 0"),
        (solver("cosine"), "lr_policy 'cosine' needs a `max_iter` of 1 or more, found 0"),
        (
            solver("fixed", warmup_iter=-1),
            "expected `warmup_iter` and `warmup_start_lr` of 0 or more, found -1 and 0",
        ),
        (
            solver("fixed", warmup_iter=2, warmup_start_lr=-0.5),
            "expected `warmup_iter` and `warmup_start_lr` of 0 or more, found 2 and -0.5",
        ),
        (
            solver("sigmoid", gamma=-1, stepsize=5),
            "lr_policy 'sigmoid' needs gamma >= 0 and stepsize >= 1, found -1 and 5",
        ),
    ],
)
def test_errors(spec, text):
    with pytest.raises(SpecError) as caught:
        learning_rate(spec, 0)
    assert str(caught.value) == text
