"""widgets/toy_problem.py: points in the plane, and nets that learn them."""

import numpy as np
import pytest

from cafe_edu.errors import CafeError
from cafe_edu.solvers.rule import RULES
from cafe_edu.widgets.toy_problem import ACTIVATIONS, DATA, RATES, ToyProblem, points


@pytest.mark.parametrize("data", DATA)
def test_points(data):
    x, t = points(data, noise=0.05)
    assert x.shape == (256, 2)
    assert np.abs(x).max() < 1.25  # within what is drawn
    assert 96 <= t.sum() <= 160
    again = points(data, noise=0.05)[0]
    np.testing.assert_array_equal(x, again)
    assert (points(data, noise=0.05, seed=1)[0] != x).any()


@pytest.mark.parametrize("data", [DATA[0], *(pytest.param(data, marks=pytest.mark.slow) for data in DATA[1:])])
def test_every_data_set_can_be_learned_and_none_by_a_line(data):
    toy = ToyProblem(data, width=8, depth=2)
    toy.solver.step(800)
    assert toy.accuracy(test=True) > 0.9
    from sklearn.linear_model import LogisticRegression

    assert LogisticRegression().fit(toy.x, toy.t).score(toy.x, toy.t) < 0.9


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=() if rule == "SGD" else pytest.mark.slow) for rule in RATES]
)
def test_every_rule_learns_at_its_rate(rule):
    toy = ToyProblem("moons", width=6, rule=rule)
    toy.solver.step(400)
    assert toy.accuracy(test=True) > 0.85


def test_there_is_a_rate_for_every_rule():
    assert set(RATES) == set(RULES)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_answers_and_responses_are_the_nets(activation):
    """Worked again in plain numpy, from the parameters that the solver learns."""
    toy = ToyProblem("circles", width=3, depth=2, activation=activation)
    toy.solver.step(20)
    functions = {
        "TanH": np.tanh, "ReLU": lambda a: np.maximum(a, 0), "Sigmoid": lambda a: 1 / (1 + np.exp(-a)),
        "ELU": lambda a: np.where(a > 0, a, np.exp(np.minimum(a, 0)) - 1),
    }  # fmt: skip
    h, x = toy.x_test, toy.x_test
    for i, found in enumerate(toy.responses(x), 1):
        W, b = (blob.data for blob in toy.solver.net.params[f"ip{i}"])
        h = functions[activation](h @ W.T + b)
        np.testing.assert_allclose(found, h, rtol=1e-4, atol=1e-5)
    W, b = (blob.data for blob in toy.solver.net.params["ip"])
    scores = h @ W.T + b
    p = 1 / (1 + np.exp(scores[:, 0] - scores[:, 1]))
    np.testing.assert_allclose(toy.answers(x), p, rtol=1e-4, atol=1e-5)
    assert toy.accuracy(test=True) == pytest.approx(((p > 0.5) == toy.t_test).mean())


def test_errors():
    with pytest.raises(CafeError, match="no data 'moon'; there are moons, circles, xor, spiral"):
        ToyProblem("moon")
    with pytest.raises(CafeError, match="no activation 'Relu' here; there are TanH, ReLU, Sigmoid, ELU"):
        ToyProblem(activation="Relu")
    with pytest.raises(CafeError, match="no rule 'adam' here; there are SGD, Nesterov"):
        ToyProblem(rule="adam")
    with pytest.raises(CafeError, match="expected a width of 1 to 8 and a depth of 1 to 4, found 9 and 2"):
        ToyProblem(width=9)
