"""Code: the reader writes a function or a class; it is run beside the house's on every case."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence

from cafe_edu.course import running
from cafe_edu.course.compare import difference
from cafe_edu.course.exercise import Question
from cafe_edu.course.guarded import Guard


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Code(Question):
    """The reader's function, or class, gives on every case what the right one gives.

    Parameters
    ----------
    cases : mapping, or function of a Generator that returns one
        What the case is, in words -> the arguments as a tuple; or a function that takes the reader's function or
        class, uses it and returns what came out.
    house : sequence of function, class or module
        What of the package must not do the work.
    plugs : str
        The layer type or solver type whose place the reader's class takes in ``mine()``.
    rtol, atol : float
        How near numbers must be.
    changes_inputs : bool
        Is it the point to write into an argument? Then the arguments after the call are compared as well.
    """

    cases: Mapping | Callable
    house: Sequence = ()
    plugs: str = ""
    rtol: float = 1e-6
    atol: float = 1e-9
    changes_inputs: bool = False
    kind: str = "code"

    def __post_init__(self):
        if isinstance(self.cases, Mapping):
            object.__setattr__(self, "cases", running.Frozen(self.cases))

    def right_answer(self):
        """The right function or class itself."""
        return self.solution

    def judge(self, answer):
        """Run ``answer`` on the cases; return a `Verdict` that shows the smallest that differs."""
        wanted = "class" if inspect.isclass(self.solution) else "function"
        if not callable(answer) or inspect.isclass(answer) != inspect.isclass(self.solution):
            return self.not_a(wanted, answer)
        guard = Guard(self.seconds)
        found = running.run(answer, self.made_cases(), guard, self.house, self.changes_inputs)
        return self.judge_run(answer, found, guard)

    def judge_run(self, answer, found, guard):
        """Return the `Verdict` on what an answer gave."""
        expected = running.known(self, self.solution, self.cases, self.changes_inputs)

        def differs(words, expected, found):
            return difference(expected, found, self.rtol, self.atol)

        def describe(words):
            return running.inputs(self.made_cases()[words], self.solution)

        return running.judge(self, answer, found, expected, guard, differs, describe)

    def made_cases(self):
        """Return the cases as a mapping."""
        return running.made(self, self.cases)
