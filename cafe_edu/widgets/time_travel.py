"""TimeTravel: a slider through a recorded training, and a way back into it."""

import functools

import ipywidgets
import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.drawing.progress import first_filters
from cafe_edu.drawing.travel import draw_travel, draw_unmarked, mark_moment
from cafe_edu.errors import CafeError, NetError, ShapeError
from cafe_edu.recording import Recording
from cafe_edu.widgets.backdrop import Backdrop
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.glass_net import GlassNet
from cafe_edu.widgets.panel import Panel

MOST = 16  #: inputs of the last batch that are answered if none are given


class TimeTravel(Panel):
    """Any moment of a recorded training: the loss until there, the first filters, what the net then answered.

    Parameters
    ----------
    recording : Recording
    inputs : array (n, ...), optional
        What the net is to answer, as it takes them; by default the last items that the recorded solver saw in a test
        or, without tests, in training.
    labels : array (n,), optional
        The right answers.
    net : Net, optional
        For a recording from a file, which has no solver: a net with the same layers, whose parameters are left alone.

    Attributes
    ----------
    slider : SelectionSlider
        At which iteration; one of ``recording.iterations``.

    Examples
    --------
    ::

        recording = record(solver, 200, every=10)
        travel = TimeTravel(recording)
        other = travel.fork(base_lr=0.1)    # a solver that stands where the slider does
    """

    def __init__(self, recording, inputs=None, labels=None, net=None):
        if not isinstance(recording, Recording):
            raise CafeError(f"expected a Recording, as record(solver, ...) makes, found a {type(recording).__name__}")
        if net is None and recording.solver is None:
            raise CafeError("a recording from a file does not say which net it is of: give one, net=...")
        self.recording = recording
        self.net = _own_net(net, recording)
        self.glass = _glass(self.net)
        if inputs is None and recording.solver is not None and self.glass is not None:
            inputs, labels = last_batch(recording.solver)
        self.inputs, self.labels = _checked(inputs, labels, self.glass)
        self.answers_at = functools.lru_cache(maxsize=256)(self._answers)
        self.slider = ipywidgets.SelectionSlider(
            options=recording.iterations, description="iteration", layout={"width": "600px"}
        )
        self.canvas, self.backdrop = Canvas(), Backdrop(draw_unmarked(recording))
        super().__init__(self.slider, self.canvas)
        self.on_change(self.slider, self._look)
        self._look()

    def moment(self, iteration):
        """Return (iteration, filters, answers) of a moment."""
        answers = self.answers_at(iteration)
        self.recording.put_into(self.net, iteration)
        return iteration, first_filters(self.net), answers

    def _answers(self, iteration):
        """Probabilities (n, classes) at a moment; None where there is nothing to answer."""
        if self.inputs is None:
            return None
        self.recording.put_into(self.net, iteration)
        answers = []
        for item in self.inputs:
            self.glass.look(item)
            answers.append(self.glass.probabilities())
        return np.array(answers)

    def fork(self, solver=None, **changes):
        """Return a solver that stands where the slider does (see `Recording.fork`)."""
        return self.recording.fork(self.slider.value, solver, **changes)

    def _look(self):
        marks = mark_moment(self.backdrop.figure, self.moment(self.slider.value), self.inputs, self.labels)
        self.canvas.value = self.backdrop.under(marks)
        self.canvas.tooltip = f"the training at iteration {self.slider.value}"

    def show_static(self, at=None):
        """Return a figure with several moments side by side: the iterations ``at``, by default four, first to last."""
        iterations = self.recording.iterations
        if at is None:
            at = [iterations[i] for i in sorted({*np.linspace(0, len(iterations) - 1, 4).round().astype(int)})]
        moments = [self.moment(iteration) for iteration in at]
        return draw_travel(self.recording, moments, self.inputs, self.labels)


def last_batch(solver):
    """Return (items, labels or None), at most `MOST`, that a solver's net saw last: in a test, if there was one."""
    net = solver.test_nets[0] if solver.test_nets and solver.test_record else solver.net
    for step in net.steps:
        if not step.bottom and step.layer.type != "Parameter" and len(step.top[0].shape) > 1:
            items = to_numpy(step.top[0].data)[:MOST].copy()
            named = len(step.top) > 1 and step.top[1].count == len(step.top[0].data)
            return items, to_numpy(step.top[1].data).reshape(-1)[:MOST].astype(int) if named else None
    return None, None


def _own_net(net, recording):
    """A net of this widget's own, whose parameters it may change."""
    if net is None:
        return recording.solver.twin().net
    own = {layer.type: type(layer) for layer in net.layers}
    return type(net)(net.spec, net.phase, layers=own, folder=net.folder, dtype=net.dtype)


def _glass(net):
    """The net that answers, sharing the parameters of ``net``; None where it gives no class scores."""
    try:
        glass = GlassNet(net)
    except NetError:  # its items are not images or rows that come one by one
        return None
    return glass if glass.scores is not None else None


def _checked(inputs, labels, glass):
    if inputs is None:
        return None, None
    if glass is None:
        raise NetError("this net gives no class scores, so nothing can be answered: leave `inputs` out")
    inputs = np.asarray(inputs, np.float32)
    if inputs.shape[1:] != glass.shape or not len(inputs):
        raise ShapeError(f"expected inputs (n, {', '.join(map(str, glass.shape))}), found {inputs.shape}")
    if labels is not None and np.shape(labels) != (len(inputs),):
        raise ShapeError(f"expected one label for each of {len(inputs)} inputs, found {np.shape(labels)}")
    return inputs, None if labels is None else np.asarray(labels)
