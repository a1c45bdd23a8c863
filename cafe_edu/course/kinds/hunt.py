"""Hunt: the reader finds a place in the source of the package."""

import dataclasses
from collections.abc import Sequence

from cafe_edu.course.compare import Raised, kind_of_value, short
from cafe_edu.course.exercise import Question
from cafe_edu.course.places import places


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Hunt(Question):
    """The reader names the file and the function or class, or hands over the object itself.

    Parameters
    ----------
    place : str or sequence of str
        "cafe_edu/net.py:Net.backward"; without a symbol, "cafe_edu/net.py", the file is enough. Several: any of them.
    """

    place: str | Sequence[str]
    kind: str = "hunt"

    def judge(self, answer):
        """Look up the place; return a `Verdict`."""
        if answer is None or answer is ... or isinstance(answer, Raised | bool | int | float):
            return self.not_a("place", answer)
        named = places(answer)
        ran = f"looked up {self.yours}, {_written(named[0]) if len(named) == 1 else short(answer)}"
        if not named:
            message = (
                f"there is no such place in the package (found {kind_of_value(answer)}): write "
                '"cafe_edu/FILE.py:NAME", or give the function or class itself.'
            )
            return self.fails(ran, message=message)
        right = [self.place] if isinstance(self.place, str) else self.place
        if any(_within(place, target) for place in named[:1] for target in right) and len(named) == 1:
            return self.passes(ran)
        if len(named) > 1:
            message = f'there are {len(named)} of that name, in {_listed(named)}: say the file too, "FILE.py:NAME".'
            return self.fails(ran, message=message)
        if not named[0][1] and any(target.startswith(f"{named[0][0]}:") for target in right):
            return self.fails(ran, message="the right file. Which function or class in it?")
        for mistake in self.mistakes:
            if _within(named[0], mistake.answer):
                return self.fails(ran, mistake=mistake)
        near = any(target.split(":")[0] == named[0][0] for target in right)
        message = (
            "the right file, but another place in it." if near else "not there: who calls it, and whom does it call?"
        )
        return self.fails(ran, message=message)


def _within(place, target):
    """Is ``place`` the target, or inside it?"""
    file, _, symbol = target.partition(":")
    return place[0] == file and (not symbol or place[1] == symbol or place[1].startswith(f"{symbol}."))


def _written(place):
    return ":".join(filter(None, place))


def _listed(named):
    files = [file for file, _ in named]
    return ", ".join(files[:3]) + (", ..." if len(files) > 3 else "")
