"""The reader's function or class on every case: what it gave, which cases fail, and what to say about the smallest."""

import dataclasses
import functools
import inspect
import zlib
from collections.abc import Mapping

import numpy as np

from cafe_edu.course.compare import OutOfTime, Raised, difference, flaw, numbers_in, short
from cafe_edu.course.guarded import Guard
from cafe_edu.course.heat_map import maps
from cafe_edu.course.witness import watching


@functools.cache
def made(question, cases):
    """Return the cases as a mapping; chance, if they want some, is seeded by the exercise's number."""
    if isinstance(cases, Mapping):
        return dict(cases)
    return dict(cases(np.random.default_rng(zlib.crc32(question.number.encode()))))


class Frozen(dict):
    """A mapping that `functools.cache` takes as it is: two are the same only if they are one."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


@dataclasses.dataclass
class Run:
    """What an answer gave on every case.

    Attributes
    ----------
    outcomes : dict of str -> value or Raised
    changed : dict of str -> str
        For cases whose arguments are not what they were: what is different.
    called : list of str
        The house's functions that did the work.
    """

    outcomes: dict
    changed: dict
    called: list


def run(answer, cases, guard, house=(), changes_inputs=False):
    """Run ``answer`` on every case: call it on a tuple of arguments, or hand it to a function that uses it.

    Returns
    -------
    Run
    """
    outcomes, changed = {}, {}
    with watching(house) as called:
        for words, case in cases.items():
            if callable(case):
                outcomes[words] = guard.call(case, answer)
                continue
            outcomes[words], after = guard.call_on_copies(answer, case)
            if changes_inputs:
                outcomes[words] = {"returned": outcomes[words], "arguments": after}
            else:
                difference_of_inputs = difference(case, after)
                if difference_of_inputs is not None:
                    changed[words] = difference_of_inputs
    return Run(outcomes, changed, called + [thing.__name__ for thing in house if thing is answer and not called])


@functools.cache
def known(question, answer, cases, changes_inputs=False):
    """Return the outcomes of the right answer, or of a known mistake; computed once."""
    return run(answer, made(question, cases), Guard(60.0), changes_inputs=changes_inputs).outcomes


def judge(question, answer, found, expected, guard, differs, describe):
    """Return the verdict on what an answer gave.

    Parameters
    ----------
    question : Question
        With ``cases`` and ``changes_inputs``.
    answer : object
    found : Run
    expected : dict of str -> value
    guard : Guard
    differs : callable
        Takes a case's words, the expected and the reader's outcome; returns where they differ, or None.
    describe : callable
        Takes a case's words; returns rows for the table.
    """
    cases = made(question, question.cases)
    ran = f"ran {question.yours} on {len(cases)} case{'s' * (len(cases) != 1)}"
    failing = {words: text for words in cases if (text := differs(words, expected[words], found.outcomes[words]))}
    if guard.replaced:
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(guard.replaced))
        message = (
            f"{names} had been replaced; it is put back. Give your own function a name of its own, and check again."
        )
        return question.fails(ran, message=message)
    if any(is_blank(value) for value in found.outcomes.values()):
        return question.blank()
    if found.called:
        names = " and ".join(f"`{name}`" for name in found.called)
        message = f"{names} of the package did the work. Here it is to be your own: write the lines yourself."
        return question.fails(ran, message=message, notes=guard.notes)
    if not failing:
        if not found.changed:
            return dataclasses.replace(question.passes(ran), notes=tuple(guard.notes))
        words, text = next(iter(found.changed.items()))
        message = (
            "the result is right, but your function writes into its input, which its caller may still need: "
            "work on a copy, or compute without `=` into it."
        )
        return question.fails(ran, [("on", words), ("the input after it", text)], message=message, notes=guard.notes)
    words = min(failing, key=lambda words: size_of(cases[words]))
    table = [("on", words), *describe(words), *compared(expected[words], found.outcomes[words], failing[words])]
    if not any(isinstance(value, Raised) and isinstance(value.error, OutOfTime) for value in found.outcomes.values()):
        for mistake in question.mistakes:
            theirs = known(question, mistake.answer, question.cases, question.changes_inputs)
            if all(difference(theirs[words], found.outcomes[words], question.rtol, question.atol) is None
                   for words in cases):  # fmt: skip
                return question.fails(ran, table, mistake, notes=guard.notes)
    return question.fails(
        f"{ran}, {len(failing)} differ{'s' * (len(failing) == 1)}",
        table,
        message=flaw(expected[words], found.outcomes[words]),
        notes=guard.notes,
    )


def is_blank(value):
    """Did the stub's own line raise, here or in a part of what came out?"""
    if isinstance(value, Raised):
        return value.is_blank
    return isinstance(value, dict) and is_blank(value.get("returned"))


def size_of(case):
    """How much there is to look at in a case: numbers and letters of its arguments; where that is nothing, it is last.

    A function that uses the answer keeps its place: authors put the smallest first.
    """
    if callable(case):
        return 0
    size = sum(array.size for _, array in numbers_in(case)) + sum(len(part) for part in case if isinstance(part, str))
    return size or np.inf


def compared(expected, found, text):
    """Return the rows expected, yours, difference; for arrays as small maps."""
    drawn = maps(expected, found)
    rows = [(label, drawn[label]) for label in ("expected", "yours", "difference") if label in drawn]
    if rows:
        return [*rows, ("where", text)]
    return [("expected", short(expected)), ("yours", short(found)), ("difference", text)]


def inputs(case, function=None):
    """Return a row for each argument of a case, by the names that the right answer gives them."""
    if callable(case):
        return []
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(case))]
    return [(name, short(value)) for name, value in zip(names, case, strict=False)]
