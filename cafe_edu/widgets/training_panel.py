"""TrainingPanel: watch a net learn, stop it, look, change the rate, go on."""

import ipywidgets

from cafe_edu.drawing.progress import draw_progress
from cafe_edu.errors import CafeError
from cafe_edu.solver import Solver
from cafe_edu.widgets.live_panel import LivePanel


class TrainingPanel(LivePanel):
    """Any solver's training, live: loss, test scores, first filters, slopes; start, pause, step, another rate.

    It trains in a thread, so that other cells can be run meanwhile. What they read of this net they should read in
    ``with panel.held():``, when it stands between two iterations. Only one panel trains at a time.

    Parameters
    ----------
    solver : Solver
    every : int
        Iterations between two pictures, at least: no more than a quarter of the time is spent on drawing.

    Attributes
    ----------
    start, pause, step : Button
    rate : FloatLogSlider
        The solver's ``base_lr``.
    training : BackgroundTraining

    Examples
    --------
    >>> from cafe_edu import Solver
    >>> net = '''layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 dim: 1 } } }
    ...          layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1
    ...            inner_product_param { num_output: 1 } }'''
    >>> solver = Solver(f'base_lr: 0.5 lr_policy: "fixed" max_iter: 9 net_param {{ {net} }}')
    >>> panel = TrainingPanel(solver)
    >>> panel.step.click()
    >>> solver.iter
    1
    >>> panel.close()
    """

    def __init__(self, solver, every=20):
        if not isinstance(solver, Solver):
            raise CafeError(f"expected a Solver to train with, found a {type(solver).__name__}")
        self.rate = ipywidgets.FloatLogSlider(
            value=solver.spec.base_lr or 1e-6, min=-6, max=1, description="rate", continuous_update=False
        )
        super().__init__(self.rate, every=every)
        self.train(solver)
        self.on_change(self.rate, self._change_rate)

    def _change_rate(self):
        with self.held() as solver:
            solver.spec.base_lr = self.rate.value

    def show_static(self):
        """Return the figure of where the training stands; no iteration runs meanwhile."""
        with self.held() as solver:
            return draw_progress(solver)
