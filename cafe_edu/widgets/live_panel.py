"""What widgets have in common in which a net learns while one looks on."""

import time
import weakref

import ipywidgets

from cafe_edu.errors import CafeError
from cafe_edu.widgets.background import BackgroundTraining
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.panel import Panel

_PANELS = weakref.WeakSet()  # a new one pauses those before it: a cell that is run twice trains once


class LivePanel(Panel):
    """A panel with a training in a thread: buttons to start, pause and step it, and a picture now and then.

    Only one such panel trains at a time: a new one pauses those before it.

    Parameters
    ----------
    *controls : Widget
        Beside the buttons.
    every : int
        Iterations between two pictures, at least: no more than a quarter of the time is spent on drawing.

    Attributes
    ----------
    start, pause, step : Button
    status : HTML
    training : BackgroundTraining or None
    """

    training = None  # for `close`, which is also called where `__init__` came to no end

    def __init__(self, *controls, every=20):
        if every < 1:
            raise CafeError(f"expected `every` of 1 or more, found {every}")
        for panel in _PANELS:
            if panel.training is not None:
                panel.training.pause()
        _PANELS.add(self)
        self.every, self._next = every, (0, 0.0)
        self.start, self.pause, self.step = (
            ipywidgets.Button(description=name, icon=icon, layout={"width": "100px"})
            for name, icon in (("start", "play"), ("pause", "pause"), ("step", "step-forward"))
        )
        self.status, self.canvas = ipywidgets.HTML(), Canvas()
        buttons = ipywidgets.HBox([self.start, self.pause, self.step, *controls])
        super().__init__(buttons, self.status, self.canvas)
        self.on_click(self.start, self._start)
        self.on_click(self.pause, self._pause)
        self.on_click(self.step, lambda: self.training.step())

    def train(self, solver):
        """Train this solver from now on, in place of the one before, which is paused; show where it stands."""
        if self.training is not None:
            self.training.pause()
        self.solver = solver
        self.training = BackgroundTraining(solver, self._after, self._ended)
        self.look()

    def held(self):
        """Return a context in which nobody trains: ``with panel.held() as solver: ...``."""
        return self.training.held()

    def look(self):
        """Draw where the training stands."""
        start = time.perf_counter()
        with self.held() as solver:
            self.canvas.show(self.show_static(), self._say_where(solver))
        self.status.value = self.canvas.tooltip
        now = time.perf_counter()
        self._next = self.solver.iter + self.every, now + 3 * (now - start)

    def _start(self):
        self._next = self.solver.iter + self.every, 0.0
        self.training.start()

    def _pause(self):
        self.training.pause()
        self.look()
        if self.training.error is not None:
            raise self.training.error

    def _after(self):
        """After each iteration, while the net stands still."""
        if not self.training.running or (self.solver.iter >= self._next[0] and time.perf_counter() >= self._next[1]):
            self.guarded(self.look)()

    def _ended(self, error):
        def tell():
            if error is not None:
                raise error

        self.guarded(self.look)()
        self.guarded(tell)()

    def _say_where(self, solver):
        said = f"iteration {solver.iter} of {solver.spec.max_iter}"
        if solver.train_record:
            last = solver.train_record[-1]
            said += f", loss {last['loss']:.4g}, rate {last['lr']:.3g}"
        return f"{said}, {self.training.rate:.0f} iterations/s" if self.training.rate else said

    def close(self):
        """End the training's thread after the iteration under way, and close the widget."""
        if self.training is not None:
            self.training.pause()
        _PANELS.discard(self)
        super().close()
