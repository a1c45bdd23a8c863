"""An exercise: what is asked, which mistakes are known, and how a verdict on an answer is put together.

How an answer is judged differs from kind to kind: see `cafe_edu.course.kinds`.
"""

import dataclasses
import inspect
from collections.abc import Callable, Sequence

from cafe_edu.course.compare import Raised, flaw, kind_of_value, short
from cafe_edu.course.verdict import Verdict


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
        The wrong answer itself: a function or class (Code, Derive), a value (Predict, Explain, Hunt), or a
        function of no arguments that makes the wrong thing (Experiment).
    shows : callable, optional
        Experiment only: takes the measured quantities, says whether they show this mistake.
    """

    name: str
    message: str
    answer: object
    shows: Callable | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What every exercise has, however it is judged.

    Parameters
    ----------
    number : str
        Day and place, "06.1".
    title : str
    name : str
        The name of the reader's object in the notebook.
    points : int
    hints : sequence of str
        Three, each saying more than the one before.
    solution : callable
        The right function or class (Code, Derive), or a function of no arguments that returns the right answer.
        Its source is the worked answer.
    mistakes : sequence of Mistake
        At least four; the first that equals the reader's answer is named.
    kind : str
        One of code, derive, predict, explain, hunt, experiment.
    seconds : float
        How long the reader's code may run in one check.
    """

    number: str
    title: str
    name: str
    points: int
    hints: Sequence[str]
    solution: Callable
    mistakes: Sequence[Mistake]
    kind: str = ""
    seconds: float = 5.0

    def right_answer(self):
        """What the reader would leave under the name, had they solved it."""
        return self.solution()

    def wrong_answer(self, mistake):
        """What the reader would leave under the name, had they made this mistake."""
        return mistake.answer

    def worked_answer(self):
        """Return the source of a worked answer."""
        return inspect.getsource(self.solution).rstrip()

    # verdicts -----------------------------------------------------------------------------------------

    @property
    def yours(self):
        """How verdicts call the reader's object."""
        return f"your `{self.name}`"

    def passes(self, ran, table=()):
        """Return the verdict on a right answer."""
        return Verdict(self.number, True, ran, tuple(table))

    def fails(self, ran, table=(), mistake=None, message="", notes=()):
        """Return the verdict on a wrong answer: a known mistake, or what can be said in general."""
        after = f'change it and run `check("{self.number}")` again, or ask `hint("{self.number}")`'
        name, message = (mistake.name, mistake.message) if mistake is not None else ("", message)
        return Verdict(self.number, False, ran, tuple(table), name, message, after, tuple(notes))

    def blank(self):
        """Return the verdict on a stub that nobody has touched."""
        blank = "`raise NotImplementedError()`"
        message = f"`{self.name}` is still blank: put your own lines in place of {blank}."
        return self.fails(f"looked at {self.yours}", message=message)

    def not_a(self, expected, answer):
        """Return the verdict on an object of another kind than was asked for."""
        if answer is None or answer is ...:
            return self.blank()
        if isinstance(answer, Raised):
            return self.fails(f"tried {self.yours}", [("error", repr(answer))], message=flaw(None, answer))
        article = "an" if expected[0] in "aeiou" else "a"
        message = f"`{self.name}` should be {article} {expected}, found {short(answer)} ({kind_of_value(answer)})."
        return self.fails(f"looked at {self.yours}", message=message)

    def undefined(self):
        """Return the verdict on an answer that is not there."""
        message = f"define `{self.name}` first: run the cell above after writing your answer in it."
        return self.fails(f"looked for `{self.name}`", message=message)
