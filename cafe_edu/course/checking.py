"""check, hint, solution, skip: what a reader types in an exercise notebook."""

import dataclasses
import difflib
import os
import sys

from cafe_edu.course import origin, own_code, progress_file
from cafe_edu.course.compare import short
from cafe_edu.course.days import exercises, find
from cafe_edu.errors import CafeError


class NotPassed(CafeError):
    """A check failed while nbgrader was grading, which knows a failure by an error only."""


class Note(str):
    """Text that a notebook shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def check(number):
    """Run the reader's own object, by the name the exercise gives it, and say how it did.

    The object is looked for among the names of the notebook (or module) that calls. It is the live one: what
    the cell says now counts only once the cell has been run.

    Parameters
    ----------
    number : str
        The exercise, such as "06.1".

    Returns
    -------
    Verdict
        Shown by the notebook in colour, as plain text elsewhere.
    """
    exercise, names = find(number), sys._getframe(1).f_globals
    verdict = judge(exercise, names)
    notes = list(verdict.notes)
    try:
        known = progress_file.update(number, lambda known: _after_check(known, exercise, names, verdict))
        if exercise.kind == "predict" and known["attempts"] > 1 and "predicted" in known:
            notes.append(f"your first prediction was {known['predicted']}")
        if verdict.passed:
            notes += filter(None, [own_code.keep(exercise, names[exercise.name], names)])
    except CafeError as error:
        notes.append(f"your progress was not kept: {error.one_line()}")
    verdict = dataclasses.replace(verdict, notes=tuple(notes))
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.passed:
        raise NotPassed(str(verdict))
    return verdict


def judge(exercise, names):
    """Return the verdict on what stands in ``names`` under the exercise's name; nothing is recorded."""
    if exercise.name not in names:
        return exercise.undefined()
    answer = names[exercise.name]
    stopped = origin.stopped_with(exercise.name, answer)
    if stopped:
        cell, error = stopped
        message = f"cell [{cell}], which makes it, stopped with {error}. Put the cell right and run it to its end."
        return exercise.fails(f"looked at {exercise.yours} from cell [{cell}]", message=message)
    verdict = exercise.judge(answer)
    whence = exercise.yours + origin.place_of(exercise.name, answer)
    return dataclasses.replace(verdict, ran=verdict.ran.replace(exercise.yours, whence, 1))


def hint(number):
    """Say a little more each time it is asked: three hints, then the third again."""
    exercise = find(number)
    last = len(exercise.hints)
    told = progress_file.update(number, lambda known: known | {"hints": min(known["hints"] + 1, last)})["hints"]
    said = f"hint {told} of {last}: {exercise.hints[told - 1]}"
    if told == last:
        said += f'\nThis was the last; solution("{number}") shows an answer.'
    return Note(said)


def solution(number):
    """Show a worked answer, once the exercise has been tried or skipped; and where the reader's own differs."""
    exercise, names = find(number), sys._getframe(1).f_globals
    known = progress_file.of(number)
    if not known["attempts"] and not known.get("skipped"):
        return Note(f'try first: write an answer and run check("{number}"); then this opens. Or skip("{number}")')
    worked = exercise.worked_answer()
    own = origin.source_of(exercise.name, names[exercise.name]) if exercise.name in names else None
    if own is None or exercise.kind not in ("code", "derive"):
        return Note(worked)
    lines = difflib.unified_diff(own.split("\n"), worked.split("\n"), "yours", "the worked answer", n=1, lineterm="")
    difference = "\n".join(lines)
    return Note(f"{worked}\n\n{difference}" if difference else f"{worked}\n\nYours is the same, line by line.")


def skip(number):
    """Leave an exercise for later, or for good: its solution opens, and the house's own does its work."""
    find(number)  # it must be there
    progress_file.record(number, skipped=True)
    day = exercises(int(number[:2]))
    later = [other.number for other in day if other.number > number]
    return Note(f'skipped {number}; solution("{number}") is open.' + (f" Next: {later[0]}" if later else ""))


def _after_check(known, exercise, names, verdict):
    changes = {"attempts": known["attempts"] + 1, "passed": bool(known["passed"] or verdict.passed)}
    if exercise.kind == "predict" and verdict.table:  # it was set beside the truth
        changes["predicted"] = known.get("predicted", short(names[exercise.name], 200))
    return known | changes
