"""OptimizerRace: all update rules set off from one place on a surface."""

import ipywidgets

from cafe_edu.drawing.race import draw_surface, mark_race
from cafe_edu.errors import CafeError
from cafe_edu.solvers.rule import rule_class
from cafe_edu.widgets.backdrop import Backdrop
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.panel import Panel
from cafe_edu.widgets.race import SETTINGS, SURFACES, all_rules, run, surface_named

MOST = 1000  #: steps: more would keep the notebook waiting


class OptimizerRace(Panel):
    """Solvers race downhill on a surface of two numbers; the slider is the step, each has a rate of its own.

    Parameters
    ----------
    rules : sequence of str, optional
        Solver types; by default all there are.
    surface : str
        "bowl", "ravine", "Rosenbrock" or "saddle".
    steps : int

    Attributes
    ----------
    surface, x, y, t : controls
        Which surface, where they start, which step is shown.
    rates : dict of rule -> FloatLogSlider
    paths : dict of rule -> array (steps + 1, 2)

    Examples
    --------
    >>> race = OptimizerRace(["SGD", "Adam"], "ravine", steps=5)
    >>> race.paths["Adam"].shape
    (6, 2)
    >>> race.rates["SGD"].value = 0.2     # too fast: it is thrown out of the ravine
    >>> race.close()
    """

    def __init__(self, rules=None, surface="ravine", steps=100):
        self.rules = all_rules() if rules is None else list(rules)
        for rule in self.rules:
            rule_class(rule)
        if not self.rules or not 1 <= steps <= MOST:
            raise CafeError(f"expected a rule or more and 1 to {MOST} steps, found {self.rules} and {steps}")
        surface_named(surface)
        self.steps, self._races, self._choosing = steps, {}, False
        self.surface = ipywidgets.Dropdown(options=list(SURFACES), value=surface, description="surface")
        self.x, self.y = (
            ipywidgets.FloatSlider(min=-2.2, max=2.4, step=0.01, description=name, continuous_update=False)
            for name in ("start x", "start y")
        )
        self.t = ipywidgets.IntSlider(steps, 0, steps, description="step", layout={"width": "600px"})
        self.rates = {rule: _rate(rule) for rule in self.rules}
        self.canvas, self.standing = Canvas(), ipywidgets.HTML()
        controls = ipywidgets.HBox([self.surface, self.x, self.y])
        rates = ipywidgets.GridBox(list(self.rates.values()), layout={"grid_template_columns": "repeat(3, 33%)"})
        super().__init__(controls, self.t, self.canvas, self.standing, rates)
        self._choose()
        self.on_change(self.surface, self._choose)
        self.on_change(self.t, self._look)
        for control in (self.x, self.y, *self.rates.values()):
            self.on_change(control, self._race)

    def _choose(self):
        """Another surface: all set off from its own start."""
        self.paths = {}
        self.place = surface_named(self.surface.value)
        self._choosing = True  # the sliders follow, and shall not start a race each
        self.x.value, self.y.value = self.place.start
        self._choosing = False
        self.backdrop = Backdrop(self._empty())
        self._race()

    def _race(self):
        """Run those rules that would now go another way."""
        if self._choosing:
            return
        start = self.x.value, self.y.value
        for rule in self.rules:
            key = self.surface.value, start, self.rates[rule].value
            if self._races.get(rule, (None,))[0] != key:
                path = run(rule, self.place, self.steps, start, base_lr=self.rates[rule].value)
                self._races[rule] = key, path
            self.paths[rule] = self._races[rule][1]
        self._look()

    def _look(self):
        figure = self.backdrop.figure
        marks = mark_race(figure, self.place, list(self.paths.values()), self.t.value)
        self.canvas.value = self.backdrop.under(marks)
        self.standing.value = self.canvas.tooltip = self._who_leads()

    def _who_leads(self):
        """The losses after this step, the lowest first."""
        losses = {rule: float(self.place.loss(*path[self.t.value])) for rule, path in self.paths.items()}
        order = sorted(losses, key=lambda rule: (losses[rule] != losses[rule], losses[rule]))  # NaN comes last
        told = (f"{rule} {losses[rule]:.3g}" if losses[rule] == losses[rule] else f"{rule} flew off" for rule in order)
        return f"loss after step {self.t.value}: " + ", ".join(told)

    def _empty(self):
        return draw_surface(self.place, self.surface.value, self.rules, self.steps)

    def show_static(self):
        """Return the figure of the step that is shown."""
        figure = self._empty()
        mark_race(figure, self.place, list(self.paths.values()), self.t.value)
        return figure


def _rate(rule):
    rate = SETTINGS.get(rule, {"base_lr": 0.02})["base_lr"]
    style = {"continuous_update": False, "layout": {"width": "95%"}}
    return ipywidgets.FloatLogSlider(rate, min=-4, max=1, step=0.1, description=rule, **style)
