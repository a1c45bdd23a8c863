"""Day 6, beyond what is tested for every day: its patient, its pictures, and answers of other forms."""

import pytest

from cafe_edu.course.day06 import PATIENT, painted_digits, train_patient, with_line
from cafe_edu.course.days import find
from cafe_edu.errors import SpecError


def test_a_function_that_raises_is_shown_with_its_error():
    def read_log(text):
        return text[0]["loss"]

    verdict = find("06.2").judge(read_log)
    assert ("yours", "TypeError: string indices must be integers, not 'str'") in verdict.table


def test_the_patient_is_sick_and_any_right_cure_is_taken():
    losses = train_patient(PATIENT)
    assert len(losses) == 200
    assert sum(losses[-20:]) / 20 > 1  # it stands still, far above what the same net reaches
    for cure in [("stepsize", 5000), ("gamma", 1.0), ("lr_policy", "fixed"), ["stepsize", 1000]]:
        assert find("06.3").judge(cure).passed, cure


@pytest.mark.parametrize(
    "cure",
    [("stepsize",), (1, 2), ("rate", 1), ("stepsize", "soon"), ("stepsize", None), ("max_iter", -1), ("gamma", [])],
    ids=repr,
)
def test_a_strange_cure_is_answered_not_raised(cure):
    verdict = find("06.3").judge(cure)
    assert not verdict.passed
    assert verdict.message


def test_a_line_that_no_solver_has():
    with pytest.raises(SpecError, match="a solver has no line 'learning_rate'; the patient has these"):
        with_line(PATIENT, "learning_rate", 0.1)


def test_painted_digits_are_the_same_every_time():
    x, y = painted_digits(5)
    again, _ = painted_digits(5)
    assert x.shape == (5, 3, 32, 32)
    assert (x == again).all()
    assert y.shape == (5,)
