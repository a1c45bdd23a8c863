"""GradientCheck: does backward say what forward does? Both gradients side by side."""

import ipywidgets
import numpy as np

from cafe_edu.drawing.gradient_check import draw_gradients
from cafe_edu.errors import CafeError
from cafe_edu.layer import layer_class
from cafe_edu.testing import CheckFailed, Trial, check_gradient, make_layer
from cafe_edu.testing.cases import CASES
from cafe_edu.testing.check_gradient import both_gradients
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.panel import Panel


def trials(layer, like=None):
    """Return the trials of a layer that have a gradient: {options in words: function that makes the Trial}.

    Parameters
    ----------
    layer : str, Layer class or Trial
        A type's name, a class of one's own, or what `make_layer` made.
    like : str, optional
        For a class of one's own: the built-in type on whose cases it is tried.

    Raises
    ------
    CafeError
        If there are no cases with a gradient, with the types that have some.
    """
    if isinstance(layer, Trial):
        return {"as given": lambda: layer}
    cls = layer_class(layer) if isinstance(layer, str) else layer
    name = like or cls.type or cls.__name__
    cases = [case for case in CASES.get(name, []) if case.gradient]
    if not cases:
        there = ", ".join(sorted(known for known, listed in CASES.items() if any(case.gradient for case in listed)))
        raise CafeError(f"there are no cases with a gradient for {name!r}: say like=...; there are some for {there}")

    def make(case):
        return make_layer(cls, *case.bottom(np.random.default_rng(2), 2), spec=case.spec, tops=case.tops)

    named = {f"{i}: {case.spec or 'default options'}": case for i, case in enumerate(cases)}
    return {name: lambda case=case: make(case) for name, case in named.items()}


class GradientCheck(Panel):
    """A layer's gradients, numeric and analytic, their difference, and the worst entry with its numbers.

    Parameters
    ----------
    layer : str, Layer class or Trial
    like : str, optional
        For a class of your own, the built-in type on whose cases it is tried, as in `check_layer`.

    Attributes
    ----------
    case, gradient : Dropdown
        Which options and bottoms; which blob's gradient.
    both : dict of name -> (numeric, analytic)
    verdict : HTML
        What `check_gradient` says.

    Examples
    --------
    >>> check = GradientCheck("InnerProduct")
    >>> check.gradient.options
    ('bottom 0', 'parameter 0', 'parameter 1')
    >>> check.gradient.value = "parameter 0"
    >>> check.close()
    """

    def __init__(self, layer, like=None):
        self.trials = trials(layer, like)
        wide = {"width": "700px"}
        self.case = ipywidgets.Dropdown(options=list(self.trials), description="case", layout=wide)
        self.gradient = ipywidgets.Dropdown(description="gradient of")
        self.canvas, self.verdict = Canvas(), ipywidgets.HTML()
        super().__init__(self.case, self.gradient, self.canvas, self.verdict)
        self.on_change(self.gradient, self._look)
        self.on_change(self.case, self._try)
        self._try()

    def _try(self):
        """Compute both gradients anew, and show the one that is worst."""
        trial = self.trials[self.case.value]()
        self.both = both_gradients(trial)
        try:
            check_gradient(trial, numeric={name: numeric for name, (numeric, _) in self.both.items()})
            self.failure = None
        except CheckFailed as error:
            self.failure = str(error)
        said = f"differs: {self.failure}" if self.failure else "backward says what forward does"
        self.verdict.value = f"<b>{said}</b>"
        worst = max(self.both, key=lambda name: np.nan_to_num(_apart(*self.both[name]), nan=np.inf), default=None)
        self.ready = False  # the menu changes twice; drawn once
        self.gradient.options = list(self.both)
        self.gradient.value = worst if self.failure else next(iter(self.both), None)
        self.ready = True
        self._look()

    def _look(self):
        if self.ready and self.gradient.value:
            self.canvas.show(self.show_static(), self.failure or f"both gradients of {self.gradient.value} agree")

    def show_static(self):
        """Return the figure of the gradient chosen."""
        numeric, analytic = self.both[self.gradient.value]
        return draw_gradients(numeric, analytic, f"gradient of {self.gradient.value}")


def _apart(numeric, analytic):
    """The largest difference, as a part of the largest entry."""
    return np.abs(analytic - numeric).max(initial=0) / max(1e-3, np.abs(numeric).max(initial=0))
