"""An exercise: what is asked, how an answer is judged, and which mistakes are known.

Three classes judge the five kinds of the course. `Compared` runs the reader's function beside the
house's (kind code, derive). `Predicted` sets the reader's values beside what a run gives (predict,
explain). `Measured` measures what the reader made (hunt, experiment). Each is final; what
they share are the functions at the end.
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence

from cafe_edu.course.compare import Raised, difference, outcome, short
from cafe_edu.course.verdict import Verdict
from cafe_edu.errors import CafeError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong answer that readers are known to give.

    Parameters
    ----------
    name : str
        What the reader is told first: "forgot the biases".
    message : str
        Why it is wrong, without giving the answer away.
    answer : object
        The wrong answer itself: a function (`Compared`), the values (`Predicted`), or a function of
        no arguments that makes the wrong thing (`Measured`).
    shows : callable, optional
        `Measured` only: takes the measured quantities, says whether they show this mistake.
    """

    name: str
    message: str
    answer: object
    shows: Callable | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """What every exercise has, however it is judged.

    Parameters
    ----------
    number : str
        Day and place, "06.1".
    title : str
    kind : str
        One of code, derive, predict, explain, hunt, experiment.
    name : str
        The name of the reader's object in the notebook.
    points : int
    hints : sequence of str
        Three, each saying more than the one before.
    solution : callable
        A function whose source is a worked answer.
    mistakes : sequence of Mistake
    """

    number: str
    title: str
    kind: str
    name: str
    points: int
    hints: Sequence[str]
    solution: Callable
    mistakes: Sequence[Mistake]

    def worked_answer(self):
        """Return the source of a worked answer."""
        return inspect.getsource(self.solution).rstrip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compared(Question):
    """The reader writes a function; it is run beside the house's on every case.

    Parameters
    ----------
    cases : mapping of str to tuple
        What the case is, in words, and the arguments; the smallest first. ``solution`` is the house's
        function.
    """

    cases: Mapping[str, tuple]

    def judge(self, answer):
        """Run ``answer`` on the cases; return a `Verdict` that shows the first that differs."""
        if not callable(answer):
            return _not_a(self, "function", answer)
        ran = f"ran your `{self.name}` on {len(self.cases)} cases"
        yours = {case: outcome(answer, *args) for case, args in self.cases.items()}
        right = {case: outcome(self.solution, *args) for case, args in self.cases.items()}
        failing = [case for case in self.cases if difference(right[case], yours[case]) is not None]
        if not failing:
            return Verdict(self.number, True, ran)
        case = failing[0]
        if isinstance(yours[case], Raised) and isinstance(yours[case].error, NotImplementedError):
            return _blank(self)
        table = [("on", case)]
        table += [("input", short(arg)) for arg in self.cases[case]]
        table += [("expected", short(right[case])), ("yours", short(yours[case]))]
        table += [("difference", difference(right[case], yours[case]))]
        for mistake in self.mistakes:
            theirs = {case: outcome(mistake.answer, *args) for case, args in self.cases.items()}
            if difference(theirs, yours) is None:
                return _fails(self, ran, table, mistake)
        return _fails(self, f"{ran}, {len(failing)} differ", table)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Predicted(Question):
    """The reader commits to values; then the house runs, and both are shown.

    Parameters
    ----------
    truth : callable
        Takes nothing, runs the house and returns ``{what: value}``.
    what_ran : str
        What ``truth`` does, in words.
    """

    truth: Callable
    what_ran: str

    def judge(self, answer):
        """Set ``answer`` beside the truth; return a `Verdict`."""
        if not isinstance(answer, Mapping):
            return _not_a(self, "dict", answer)
        truth = self.truth()
        strange = [key for key in answer if key not in truth]
        missing = [key for key in truth if key not in answer or answer[key] in (..., None)]
        if strange or missing:
            words = [f"nothing is asked about {short(key)}" for key in strange]
            words += [f"no prediction yet for {short(key)}" for key in missing]
            return _fails(self, f"read your `{self.name}`", [], message="; ".join(words) + ".")
        table = [(key, f"predicted {short(answer[key])}, found {short(truth[key])}") for key in truth]
        wrong = [key for key in truth if difference(truth[key], answer[key]) is not None]
        if not wrong:
            return Verdict(self.number, True, self.what_ran, tuple(table))
        for mistake in self.mistakes:
            matches = [difference(mistake.answer[key], answer[key]) is None for key in wrong]
            if all(matches):
                return _fails(self, self.what_ran, table, mistake)
        return _fails(self, self.what_ran, table, message=f"look again at {', '.join(map(str, wrong))}.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requirement:
    """One thing that must hold of what was measured: ``least <= measured[what] <= most``."""

    what: str
    least: float = float("-inf")
    most: float = float("inf")

    def holds(self, measured):
        """Say whether it does."""
        return bool(self.least <= measured[self.what] <= self.most)

    def __str__(self):
        if self.least == self.most:
            return short(self.least)
        bounds = [f"at least {short(self.least)}"] if self.least > float("-inf") else []
        bounds += [f"at most {short(self.most)}"] if self.most < float("inf") else []
        return " and ".join(bounds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured(Question):
    """The reader makes or finds something; the house measures it.

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

    def judge(self, answer):
        """Measure ``answer``; return a `Verdict`."""
        if not isinstance(answer, self.expects):
            return _not_a(self, self.expects_words, answer)
        try:
            measured = self.measure(answer)
        except Exception as error:  # whatever a reader's object does, the notebook goes on
            said = error.one_line() if isinstance(error, CafeError) else repr(Raised(error))
            table = [("error", said)]
            return _fails(self, f"tried your `{self.name}`", table, message="the house could not run it.")
        needed = {requirement.what: f", needed: {requirement}" for requirement in self.requirements}
        shown = {what: value if isinstance(value, str) else short(value) for what, value in measured.items()}
        table = [(what, value + needed.get(what, "")) for what, value in shown.items()]
        if all(requirement.holds(measured) for requirement in self.requirements):
            return Verdict(self.number, True, self.what_ran, tuple(table))
        for mistake in self.mistakes:
            if mistake.shows(measured):
                return _fails(self, self.what_ran, table, mistake)
        missed = [requirement.what for requirement in self.requirements if not requirement.holds(measured)]
        return _fails(self, self.what_ran, table, message=f"look at: {', '.join(missed)}.")


def _fails(question, ran, table, mistake=None, message=""):
    after = f'change it and run `check("{question.number}")` again, or ask `hint("{question.number}")`'
    if mistake is not None:
        return Verdict(question.number, False, ran, tuple(table), mistake.name, mistake.message, after)
    return Verdict(question.number, False, ran, tuple(table), "", message, after)


def _not_a(question, expected, answer):
    message = f"`{question.name}` should be a {expected}, found {short(answer)} ({type(answer).__name__})."
    if answer in (..., None):
        return _blank(question)
    return _fails(question, f"looked at your `{question.name}`", [], message=message)


def _blank(question):
    blank = "`raise NotImplementedError()`"
    message = f"`{question.name}` is still blank: put your own lines in place of {blank}."
    return _fails(question, f"looked at your `{question.name}`", [], message=message)


def undefined(question):
    """Return the verdict on an answer that is not there."""
    message = f"define `{question.name}` first: run the cell above after writing your answer in it."
    return _fails(question, f"looked for `{question.name}`", [], message=message)
