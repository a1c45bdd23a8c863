"""Day 6: every known mistake is caught by its name, every solution passes, every blank is told what to do."""

import pytest

from cafe_edu.course.compare import Raised
from cafe_edu.course.day06 import EXERCISES, PATIENT, painted_digits, train_patient, with_line
from cafe_edu.course.exercise import Compared, Measured, Predicted
from cafe_edu.errors import SpecError

MISTAKES = [
    pytest.param(exercise, mistake, id=f"{exercise.number} {mistake.name}")
    for exercise in EXERCISES
    for mistake in exercise.mistakes
]
by_number = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)


@by_number
def test_the_worked_answer_passes(exercise):
    answer = exercise.solution if isinstance(exercise, Compared) else exercise.solution()
    verdict = exercise.judge(answer)
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_a_known_mistake_is_called_by_its_name(exercise, mistake):
    answer = mistake.answer() if isinstance(exercise, Measured) else mistake.answer
    verdict = exercise.judge(answer)
    assert not verdict.passed
    assert verdict.mistake == mistake.name
    assert verdict.message == mistake.message
    assert f'hint("{exercise.number}")' in verdict.next


@by_number
def test_an_exercise_is_complete(exercise):
    assert len(exercise.hints) == 3
    assert len(exercise.mistakes) >= 3
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert exercise.points > 0
    assert exercise.kind in ("code", "derive", "predict", "explain", "hunt", "experiment")
    assert exercise.worked_answer().startswith("def ")


def test_a_day_has_five_exercises_of_three_kinds_at_least():
    assert [exercise.number for exercise in EXERCISES] == ["06.1", "06.2", "06.3", "06.4", "06.5"]
    assert len({exercise.kind for exercise in EXERCISES}) >= 3


@by_number
@pytest.mark.parametrize("answer", [None, ..., 3, "nonsense", {}, [], print], ids=repr)
def test_any_other_object_is_refused_kindly(exercise, answer):
    verdict = exercise.judge(answer)
    assert not verdict.passed
    assert verdict.message or verdict.table
    assert "Traceback" not in repr(verdict)


def test_predictions_may_be_incomplete():
    [count] = [exercise for exercise in EXERCISES if isinstance(exercise, Predicted)]
    verdict = count.judge({"conv1": 1_216, "conv3": 1})
    assert "nothing is asked about 'conv3'" in verdict.message
    assert "no prediction yet for 'ip2'" in verdict.message
    assert not verdict.table  # what the house found stays hidden until the reader has committed


def test_a_blank_function_is_told_so():
    def read_log(text):
        raise NotImplementedError()

    [reading] = [exercise for exercise in EXERCISES if isinstance(exercise, Compared)]
    assert "still blank" in reading.judge(read_log).message


def test_a_function_that_raises_is_shown_with_its_error():
    def read_log(text):
        return text[0]["loss"]

    [reading] = [exercise for exercise in EXERCISES if isinstance(exercise, Compared)]
    verdict = reading.judge(read_log)
    assert ("yours", "TypeError: string indices must be integers, not 'str'") in verdict.table
    assert isinstance(Raised(TypeError()), Raised)


def test_the_patient_is_sick_and_any_right_cure_is_taken():
    losses = train_patient(PATIENT)
    assert len(losses) == 200
    assert sum(losses[-20:]) / 20 > 1  # it stands still, far above what the same net reaches
    [hunt] = [exercise for exercise in EXERCISES if exercise.kind == "hunt"]
    for cure in [("stepsize", 5000), ("gamma", 1.0), ("lr_policy", "fixed"), ["stepsize", 1000]]:
        assert hunt.judge(cure).passed, cure


@pytest.mark.parametrize(
    "cure",
    [("stepsize",), (1, 2), ("rate", 1), ("stepsize", "soon"), ("stepsize", None), ("max_iter", -1), ("gamma", [])],
    ids=repr,
)
def test_a_strange_cure_is_answered_not_raised(cure):
    [hunt] = [exercise for exercise in EXERCISES if exercise.kind == "hunt"]
    verdict = hunt.judge(cure)
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
