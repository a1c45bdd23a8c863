"""Experiment: the reader makes or finds something in a run of their own; the house measures it."""

import dataclasses
from collections.abc import Callable, Sequence

from cafe_edu.course.compare import OutOfTime, Raised, flaw, short
from cafe_edu.course.exercise import Question
from cafe_edu.course.guarded import Guard
from cafe_edu.errors import CafeError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requirement:
    """One thing that must hold of what was measured: ``least <= measured[what] <= most``."""

    what: str
    least: float = float("-inf")
    most: float = float("inf")

    def holds(self, measured):
        """Say whether it does. What could not be measured does not."""
        return self.what in measured and bool(self.least <= measured[self.what] <= self.most)

    def __str__(self):
        if self.least == self.most:
            return short(self.least)
        bounds = [f"at least {short(self.least)}"] if self.least > float("-inf") else []
        bounds += [f"at most {short(self.most)}"] if self.most < float("inf") else []
        return " and ".join(bounds)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Experiment(Question):
    """What the house measures on the reader's object is as it should be.

    Parameters
    ----------
    expects : type or tuple of types, and ``expects_words`` the same in words
    measure : callable
        Takes the reader's object, returns ``{what: number or text}``; may raise a `CafeError`.
    what_ran : str
        What ``measure`` does, in words.
    requirements : sequence of Requirement
    """

    expects: type | tuple
    expects_words: str
    measure: Callable
    what_ran: str
    requirements: Sequence[Requirement]
    kind: str = "experiment"
    seconds: float = 20.0

    def wrong_answer(self, mistake):
        """Make the wrong thing."""
        return mistake.answer()

    def judge(self, answer):
        """Measure ``answer``; return a `Verdict`."""
        if not isinstance(answer, self.expects) or isinstance(answer, bool):
            return self.not_a(self.expects_words, answer)
        guard = Guard(self.seconds)
        measured = guard.call(self.measure, answer)
        if isinstance(measured, Raised):
            return self._could_not(measured)
        needed = {requirement.what: f", needed: {requirement}" for requirement in self.requirements}
        shown = {what: value if isinstance(value, str) else short(value) for what, value in measured.items()}
        table = [(what, value + needed.get(what, "")) for what, value in shown.items()]
        ran = f"took {self.yours}: {self.what_ran}"
        if all(requirement.holds(measured) for requirement in self.requirements):
            return self.passes(ran, table)
        for mistake in self.mistakes:
            if mistake.shows(measured):
                return self.fails(ran, table, mistake)
        missed = [requirement.what for requirement in self.requirements if not requirement.holds(measured)]
        nan = [what for what in missed if what in measured and measured[what] != measured[what]]
        message = f"{nan[0]} is NaN (not a number): " if nan else ""
        return self.fails(ran, table, message=f"{message}look at: {', '.join(missed)}.")

    def _could_not(self, raised):
        error = raised.error
        if raised.is_blank:
            return self.blank()
        said = error.one_line() if isinstance(error, CafeError) else repr(raised)
        message = "the house could not run it."
        if isinstance(error, OutOfTime | MemoryError | SystemExit | RecursionError):
            said, message = type(error).__name__, flaw(None, raised)
        return self.fails(f"tried {self.yours}", [("error", said)], message=message)
