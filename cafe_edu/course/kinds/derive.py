r"""Derive: the reader types a derivative as code; numeric derivatives judge it.

.. math:: \frac{\partial}{\partial x_i} \sum f(x) = \operatorname{Im} \frac{\sum f(x + i h e_i)}{h}
          \approx \frac{\sum f(x + h e_i) - \sum f(x - h e_i)}{2h}

The first, the complex step, is exact where f takes complex numbers; the second always works. At a kink the slopes on
the left and on the right differ, and all between them are right.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cafe_edu.course import running
from cafe_edu.course.compare import difference, kind_of_value
from cafe_edu.course.exercise import Question
from cafe_edu.course.guarded import Guard

STEP, ONE_SIDED, TINY = 1e-5, 1e-6, 1e-30
KINK = 1e-3  # slopes on the two sides that differ by more


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Derive(Question):
    """The reader's function gives the derivative of another at every point.

    Parameters
    ----------
    of : callable
        f. Its results are added up, so the derivative has the shape of the argument.
    at : mapping, or function of a Generator that returns one
        What the point is, in words -> the arguments of f.
    wrt : int
        Which argument the derivative is taken of.
    house : sequence of function, class or module
        What of the package must not do the work.
    rtol, atol : float
    """

    of: Callable
    at: Mapping | Callable
    wrt: int = 0
    house: Sequence = ()
    plugs: str = ""
    rtol: float = 1e-5
    atol: float = 1e-7
    kind: str = "derive"
    changes_inputs = False

    def __post_init__(self):
        if isinstance(self.at, Mapping):
            object.__setattr__(self, "at", running.Frozen(self.at))

    @property
    def cases(self):
        """The points, as `running` calls them."""
        return self.at

    def made_cases(self):
        """Return the points as a mapping."""
        return running.made(self, self.at)

    def right_answer(self):
        """The right function itself."""
        return self.solution

    def judge(self, answer):
        """Compare ``answer`` with numeric derivatives at every point; return a `Verdict`."""
        if not callable(answer) or isinstance(answer, type):
            return self.not_a("function", answer)
        guard = Guard(self.seconds)
        return self.judge_run(answer, running.run(answer, self.made_cases(), guard, self.house), guard)

    def judge_run(self, answer, found, guard):
        """Return the `Verdict` on what an answer gave."""
        slopes = {words: numeric(self.of, point, self.wrt) for words, point in _kept(self).items()}
        expected = {words: self.nearest(slopes[words], found.outcomes[words]) for words in slopes}

        def differs(words, expected, found):
            return difference(expected, found, self.rtol, self.atol)

        def describe(words):
            return running.inputs(self.made_cases()[words], self.solution)

        verdict = running.judge(self, answer, found, expected, guard, differs, describe)
        return dataclasses.replace(verdict, ran=verdict.ran.replace("case", "point") + ", beside numeric derivatives")

    def nearest(self, slopes, found):
        """Return the derivative; where there is a kink and ``found`` lies between its slopes, return ``found``."""
        middle, left, right = slopes
        if kind_of_value(found) not in ("number", "array") or np.shape(found) != np.shape(middle):
            return middle
        low, high = np.minimum(left, right), np.maximum(left, right)
        slack = KINK * (1 + np.abs(middle))
        at_kink = (high - low > slack) & (found >= low - 1e-5) & (found <= high + 1e-5)
        return np.where(at_kink, found, middle)[()]


@functools.cache
def _kept(question):
    return {words: _Point(args) for words, args in question.made_cases().items()}


class _Point(tuple):
    """Arguments that `functools.cache` takes as they are."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __slots__ = ()


@functools.cache
def numeric(f, args, wrt):
    """Return the derivative of the sum of ``f(*args)``, and its slopes on the left and on the right.

    Returns
    -------
    tuple of three arrays of the shape of ``args[wrt]``

    Examples
    --------
    >>> middle, left, right = numeric(np.abs, _Point((np.array([-2.0, 0.0]),)), 0)
    >>> middle.round(6), left.round(6), right.round(6)
    (array([-1.,  0.]), array([-1., -1.]), array([-1.,  1.]))
    """
    x = np.asarray(args[wrt], np.float64)

    def total(values):
        moved = list(args)
        moved[wrt] = values[()]
        return np.sum(f(*moved))

    middle, left, right = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    with np.errstate(all="ignore"):
        here = total(x)
        for place in np.ndindex(x.shape):
            size = max(1.0, abs(float(x[place])))
            one = np.zeros_like(x)
            one[place] = 1
            middle[place] = (total(x + STEP * size * one) - total(x - STEP * size * one)) / (2 * STEP * size)
            left[place] = (here - total(x - ONE_SIDED * size * one)) / (ONE_SIDED * size)
            right[place] = (total(x + ONE_SIDED * size * one) - here) / (ONE_SIDED * size)
            exact = _complex_step(total, x, one)
            if exact is not None and abs(exact - middle[place]) <= 1e-5 * (1 + abs(exact)):
                middle[place] = exact
    return middle, left, right


def _complex_step(total, x, one):
    """The exact derivative, or None where the function does not take complex numbers."""
    try:
        value = total(x + TINY * 1j * one)
    except (TypeError, ValueError):
        return None
    return float(np.imag(value)) / TINY if np.iscomplexobj(value) and np.isfinite(value) else None
