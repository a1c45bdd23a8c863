"""check, hint, solution: what a reader types in an exercise notebook."""

import importlib.util
import os
import sys

from cafe_edu.course import progress
from cafe_edu.course.exercise import undefined
from cafe_edu.errors import CafeError


class NotPassed(CafeError):
    """A check failed while nbgrader was grading, which knows a failure by an error only."""


class Note(str):
    """Text that a notebook shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def find(number):
    """Return the exercise called ``number``.

    Raises
    ------
    CafeError
        If there is none, with those there are.

    Examples
    --------
    >>> find("06.1").kind
    'predict'
    """
    day = str(number).partition(".")[0]
    module = f"cafe_edu.course.day{day}"
    if not day.isdigit() or importlib.util.find_spec(module) is None:
        raise CafeError(f'no exercises for day {day!r}: numbers are like "06.1", the day in two figures')
    exercises = importlib.import_module(module).EXERCISES
    by_number = {exercise.number: exercise for exercise in exercises}
    if number not in by_number:
        raise CafeError(f"no exercise {number!r}: day {day} has {', '.join(by_number)}")
    return by_number[number]


def check(number):
    """Run the reader's own object, by the name the exercise gives it, and say how it did.

    The object is looked for among the names of the notebook (or module) that calls.

    Parameters
    ----------
    number : str
        The exercise, such as "06.1".

    Returns
    -------
    Verdict
        Shown by the notebook in colour, as plain text elsewhere.
    """
    exercise = find(number)
    names = sys._getframe(1).f_globals
    if exercise.name in names:
        verdict = exercise.judge(names[exercise.name])
    else:
        verdict = undefined(exercise)
    known = progress.of(number)
    progress.record(number, attempts=known["attempts"] + 1, passed=bool(known["passed"] or verdict.passed))
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.passed:
        raise NotPassed(str(verdict))
    return verdict


def hint(number):
    """Say a little more each time it is asked: three hints, then the third again."""
    exercise = find(number)
    told = min(progress.of(number)["hints"], len(exercise.hints) - 1)
    progress.record(number, hints=told + 1)
    said = f"hint {told + 1} of {len(exercise.hints)}: {exercise.hints[told]}"
    if told + 1 == len(exercise.hints):
        said += f'\nThis was the last; solution("{number}") shows an answer.'
    return Note(said)


def solution(number):
    """Show a worked answer, once the exercise has been tried."""
    exercise = find(number)
    if not progress.of(number)["attempts"]:
        return Note(f'try first: write an answer and run check("{number}"); then this opens')
    return Note(exercise.worked_answer())
