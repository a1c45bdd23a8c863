"""Day 1: what its checks run is right, and strange rates are answered."""

import numpy as np
import pytest

from cafe_edu import Solver
from cafe_edu.course.day01 import RATES, SLOPE, SOFTMAX, loss, softmax, train
from cafe_edu.data import datasets

ONE_LAYER = """
    base_lr: 0.3 lr_policy: "fixed" net_param {
      layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 64 dim: 784 } } }
      layer { name: "y" type: "Input" top: "y" input_param { shape { dim: 64 } } }
      layer { name: "score" type: "InnerProduct" bottom: "x" top: "s" inner_product_param { num_output: 10 } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "s" bottom: "y" top: "L" } }
"""


def test_train_is_what_the_house_does():
    digits = datasets.load("digits")
    solver, losses = Solver(ONE_LAYER), []
    for t in range(30):
        now = np.arange(64 * t, 64 * (t + 1)) % len(digits.x_train)
        solver.net.blobs["x"].data = digits.x_train[now].reshape(64, 784) / 256
        solver.net.blobs["y"].data = digits.y_train[now]
        solver.step(1)
        losses.append(float(solver.net.loss))
    np.testing.assert_allclose(train(0.3, steps=30), losses, rtol=1e-4)


def test_the_rate_may_change_on_the_way():
    first = train(0.3, steps=10)
    assert train(lambda t: 0.3 if t < 5 else 3.0, steps=10)[:6] == first[:6]
    assert train(lambda t: 0.3 if t < 5 else 3.0, steps=10)[6:] != first[6:]


def test_a_batch_of_another_size():
    assert len(train(0.3, steps=5, batch=8)) == 5


@pytest.mark.parametrize("good", [0.3, 0.35, 0.4])
@pytest.mark.parametrize("low", [0.003, 0.01, 0.02])
def test_rates_within_what_is_asked_pass(good, low):
    assert RATES.judge({"too low": low, "good": good, "too high": 5}).passed


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ({"too low": 0.01, "good": 0.3}, "found none for too high"),
        ({"too low": "slow", "good": 0.3, "too high": 3}, "expected numbers as rates, found 'slow' for too low"),
        ({"too low": 0.01, "good": 0.3, "too high": [3]}, "expected numbers as rates, found [3] for too high"),
        ({"too low": 0.01, "good": float("nan"), "too high": 3}, "expected numbers as rates, found nan for good"),
    ],
    ids=["one is missing", "text", "a list", "NaN"],
)
def test_strange_rates_are_answered(rates, words):
    verdict = RATES.judge(rates)
    assert not verdict.passed
    assert any(words in value for _, value in verdict.table), repr(verdict)


def test_softmax_of_the_house_is_known_by_its_name():
    from cafe_edu.arrays.softmax import softmax as of_the_house

    assert "did the work" in SOFTMAX.judge(lambda s: of_the_house(s, axis=1)).message


def test_at_temperature_one_the_slope_is_the_lesson_s():
    s, y = np.random.default_rng(0).normal(size=(4, 10)), np.array([3, 0, 9, 3])
    given = softmax(s)
    given[np.arange(4), y] -= 1
    np.testing.assert_allclose(SLOPE.solution(s, np.eye(10)[y], 1.0), given / 4)
    assert loss(np.zeros((4, 10)), np.eye(10)[y], 1.0) == pytest.approx(np.log(10))
