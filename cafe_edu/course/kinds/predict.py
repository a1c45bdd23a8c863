"""Predict: the reader commits to values; then the house runs, and both are shown."""

import dataclasses
from collections.abc import Callable, Mapping

from cafe_edu.course.compare import Raised, difference, flaw, short
from cafe_edu.course.exercise import Question


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Predict(Question):
    """The reader's values are what a run of the house gives.

    Parameters
    ----------
    truth : callable
        Takes nothing, runs the house and returns ``{what: value}``, or one value.
    what_ran : str
        What ``truth`` does, in words.
    rtol, atol : float
        How near a prediction must be.
    """

    truth: Callable
    what_ran: str
    rtol: float = 1e-6
    atol: float = 1e-9
    kind: str = "predict"

    def judge(self, answer):
        """Set ``answer`` beside the truth; return a `Verdict`."""
        if answer is None or answer is ... or isinstance(answer, Raised):
            return self.not_a("prediction", answer)
        truth = self.truth()
        many = isinstance(truth, Mapping)
        if many and not isinstance(answer, Mapping):
            return self.not_a("dict", answer)
        predicted, truth = (answer, truth) if many else ({self.name: answer}, {self.name: truth})
        strange = [key for key in predicted if key not in truth]
        missing = [key for key in truth if key not in predicted or predicted[key] is None or predicted[key] is ...]
        if strange or missing:
            words = [f"nothing is asked about {short(key)}" for key in strange]
            words += [f"no prediction yet for {short(key)}" for key in missing]
            return self.fails(f"read {self.yours}", message="; ".join(words) + ".")
        flaws = [flaw(truth[key], predicted[key]) for key in truth]
        wrong = [key for key in truth if self._differs(truth[key], predicted[key])]
        if not wrong:
            return self.passes(self._ran, self._table(predicted, truth))
        for mistake in self.mistakes:
            theirs = mistake.answer if many else {self.name: mistake.answer}
            if all(not self._differs(theirs[key], predicted[key]) for key in wrong):
                return self.fails(self._ran, self._table(predicted, truth), mistake)
        message = next(filter(None, flaws), "") if all(flaws) else ""
        if message:  # no prediction yet, so nothing is shown
            return self.fails(f"read {self.yours}", message=f"`{self.name}`: {message}")
        message = f"look again at {', '.join(map(str, wrong))}."
        return self.fails(self._ran, self._table(predicted, truth), message=message)

    @property
    def _ran(self):
        return f"read {self.yours}, then {self.what_ran}"

    def _differs(self, truth, predicted):
        return difference(truth, predicted, self.rtol, self.atol) is not None

    def _table(self, predicted, truth):
        return [(key, f"predicted {short(predicted[key])}, found {short(truth[key])}") for key in truth]
