"""Explain: the reader chooses among answers, each of which shows what is clear and what is mixed up."""

import dataclasses

from cafe_edu.course.compare import Raised, short
from cafe_edu.course.exercise import Question


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Explain(Question):
    """The reader's letters are the right ones.

    Parameters
    ----------
    options : str
        The letters there are, "abcde". What they stand for is in the notebook.
    right : str
        The right one, or the right ones: "c", "ad".
    """

    options: str
    right: str
    kind: str = "explain"

    def judge(self, answer):
        """Compare letters; return a `Verdict`."""
        expects = (
            f'letter such as "{self.options[0]}"' if len(self.right) == 1 else f'text such as "{self.options[:2]}"'
        )
        if answer is None or answer is ... or isinstance(answer, Raised):
            return self.not_a(expects, answer)
        if isinstance(answer, set | frozenset | list | tuple) and all(isinstance(part, str) for part in answer):
            answer = "".join(answer)
        if not isinstance(answer, str):
            return self.not_a(expects, answer)
        chosen = sorted(set(answer.lower().replace(",", "").replace(" ", "")))
        if not chosen or set(chosen) - set(self.options):
            message = f"choose among {', '.join(self.options)}; `{self.name}` is {short(answer)}."
            return self.fails(f"read {self.yours}", message=message)
        if len(self.right) == 1 and len(chosen) > 1:
            message = f"choose one of {', '.join(self.options)}; `{self.name}` names {len(chosen)}."
            return self.fails(f"read {self.yours}", message=message)
        ran = f"read {self.yours}: {', '.join(chosen)}"
        if chosen == sorted(self.right):
            return self.passes(ran)
        for mistake in self.mistakes:
            if sorted(mistake.answer) == chosen:
                return self.fails(ran, mistake=mistake)
        missed, wrong = sorted(set(self.right) - set(chosen)), sorted(set(chosen) - set(self.right))
        said = [f"{len(wrong)} of them {'is' if len(wrong) == 1 else 'are'} not right"] if wrong else []
        said += [f"{len(missed)} {'is' if len(missed) == 1 else 'are'} missing"] if missed else []
        return self.fails(ran, message=f"{' and '.join(said)}.")
