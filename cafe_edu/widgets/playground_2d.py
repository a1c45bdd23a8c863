"""Playground2D: a small net learns to tell two kinds of points apart, and shows how."""

import ipywidgets

from cafe_edu.drawing.playground import draw_playground
from cafe_edu.widgets.live_panel import LivePanel
from cafe_edu.widgets.toy_problem import ACTIVATIONS, DATA, RATES, ToyProblem


class Playground2D(LivePanel):
    """Two classes of points, a small net, and what each of its units makes of the plane as it learns.

    Parameters
    ----------
    data : str
        "moons", "circles", "xor" or "spiral".
    width, depth : int
        Units of each hidden layer, 1 to 8; hidden layers, 1 to 4.
    activation : str
        "TanH", "ReLU", "Sigmoid" or "ELU".
    rule : str
        A solver type.
    noise : float
    seed : int

    Attributes
    ----------
    data, width, depth, activation, rule, rate, noise : controls
        A change begins anew, but for that of the rate, which counts from the next iteration on.
    start, pause, step, again : Button
    toy : ToyProblem

    Examples
    --------
    >>> playground = Playground2D("moons")
    >>> playground.learn(200)
    >>> playground.toy.accuracy() > 0.9
    True
    >>> playground.close()
    """

    def __init__(self, data="moons", width=4, depth=2, activation="TanH", rule="Adam", noise=0.1, seed=0):
        toy = ToyProblem(data, width, depth, activation, rule, noise=noise, seed=seed)
        self.seed = seed
        self.again = ipywidgets.Button(description="again", icon="refresh", layout={"width": "100px"})
        self.rate = ipywidgets.FloatLogSlider(RATES[rule], min=-4, max=1, description="rate", **_LATE)
        super().__init__(self.again, self.rate)
        self.data = ipywidgets.Dropdown(options=DATA, value=data, description="data", **_NARROW)
        self.activation = ipywidgets.Dropdown(
            options=list(ACTIVATIONS), value=activation, description="activation", **_NARROW
        )
        self.rule = ipywidgets.Dropdown(options=list(RATES), value=rule, description="rule", **_NARROW)
        self.width = ipywidgets.IntSlider(width, 1, 8, description="width", **_LATE)
        self.depth = ipywidgets.IntSlider(depth, 1, 4, description="depth", **_LATE)
        self.noise = ipywidgets.FloatSlider(noise, min=0, max=0.5, step=0.05, description="noise", **_LATE)
        names = ipywidgets.HBox([self.data, self.activation, self.rule])
        self.children = (names, ipywidgets.HBox([self.width, self.depth, self.noise]), *self.children)
        self._take(toy)
        for control in (self.data, self.activation, self.width, self.depth, self.noise):
            self.on_change(control, self._begin)
        self.on_change(self.rule, self._change_rule)
        self.on_change(self.rate, self._change_rate)
        self.on_click(self.again, self._begin)

    def _begin(self):
        """A new net for the settings; the old one's training ends."""
        settings = (self.data, self.width, self.depth, self.activation, self.rule, self.rate, self.noise)
        self._take(ToyProblem(*(control.value for control in settings), self.seed))

    def _take(self, toy):
        if self.training is not None:
            self.training.pause()
        self.toy = toy
        self.train(toy.solver)

    def _change_rule(self):
        self.rate.value = RATES[self.rule.value]
        self._begin()

    def _change_rate(self):
        with self.held() as solver:
            solver.spec.base_lr = self.rate.value

    def learn(self, iterations, progress=None):
        """Do some iterations here and now, and show where they lead; many of them (or ``progress``) with a bar."""
        self.training.pause()
        with self.held() as solver:
            solver.step(iterations, iterations > 1000 if progress is None else progress)
        self.look()

    def show_static(self):
        """Return the figure of where the net stands; no iteration runs meanwhile."""
        with self.held():
            return draw_playground(self.toy)


_NARROW = {"layout": {"width": "230px"}}
_LATE = {"continuous_update": False}  # a slider that is let go, not each place it passes
