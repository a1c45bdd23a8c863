"""SyncedMemoryView: press a button, see where the numbers are and what was copied."""

import operator

import ipywidgets
import numpy as np

from cafe_edu.drawing.memory_states import draw_memory
from cafe_edu.errors import CafeError
from cafe_edu.synced_memory import SyncedMemory
from cafe_edu.widgets.canvas import Canvas
from cafe_edu.widgets.panel import Panel

REQUESTS = {  #: name -> (what its button does, the same as a function)
    "cpu_data": ("reads on the CPU", lambda memory: memory.cpu_data()),
    "mutable_cpu_data": ("adds 1 on the CPU", lambda memory: operator.iadd(memory.mutable_cpu_data(), 1)),
    "gpu_data": ("reads on the GPU", lambda memory: memory.gpu_data()),
    "mutable_gpu_data": ("doubles on the GPU", lambda memory: operator.imul(memory.mutable_gpu_data(), 2)),
    "set_cpu_data": ("brings 0 1 2 3", lambda memory: memory.set_cpu_data(np.arange(4, dtype=np.float32))),
}


class SyncedMemoryView(Panel):
    """Four numbers in Caffe's SyncedMemory: each button is a request; watch the state, the numbers and the copies.

    Parameters
    ----------
    requests : sequence of str
        Made at once, before the first look; the keys of `REQUESTS`.

    Attributes
    ----------
    memory : SyncedMemory
    buttons : dict of str -> Button

    Examples
    --------
    >>> view = SyncedMemoryView(["mutable_cpu_data"])
    >>> view.buttons["gpu_data"].click()
    >>> view.memory
    SyncedMemory (4,) float32, SYNCED; 1 copy to the GPU, 0 to the CPU, 16 bytes
    >>> view.close()
    """

    def __init__(self, requests=()):
        self.canvas, self.story = Canvas(), ipywidgets.HTML()
        self.buttons = {}
        for name, (does, _) in REQUESTS.items():
            self.buttons[name] = ipywidgets.Button(description=name, tooltip=does, layout={"width": "160px"})
        self.again = ipywidgets.Button(description="start again", tooltip="a new memory, UNINITIALIZED")
        super().__init__(ipywidgets.HBox([*self.buttons.values(), self.again]), self.canvas, self.story)
        self._begin()
        for request in requests:
            self.ask(request)
        for name, button in self.buttons.items():
            self.on_click(button, lambda name=name: self.ask(name))
        self.on_click(self.again, self._begin)

    def _begin(self):
        self.memory, self.before, self.asked = SyncedMemory((4,)), None, []
        self._look()

    def ask(self, request):
        """Make one request; ``CafeError``, with the requests there are, for one that there is not."""
        if request not in REQUESTS:
            raise CafeError(f"no request {request!r}; there are {', '.join(REQUESTS)}")
        self.before, copies = self.memory.head, self.memory.copies
        REQUESTS[request][1](self.memory)
        did = "copied" if self.memory.copies != copies else "no copy"
        self.asked.append(f"{request}: {self.before} → {self.memory.head}, {did}")
        self._look()

    def _look(self):
        self.canvas.show(self.show_static(), f"SyncedMemory: {self.memory}")
        self.story.value = "<br>".join(self.asked[-4:])

    def show_static(self):
        """Return the figure of the present state."""
        drawn = self.asked and not self.asked[-1].startswith("set_")  # that one has no arrow
        return draw_memory(self.memory, self.before if drawn else None)
