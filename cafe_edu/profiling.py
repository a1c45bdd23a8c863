"""Profiling: how long each layer of a net takes, forward and back, and how much memory."""

import dataclasses
import statistics
import time

from cafe_edu.blob import Blob
from cafe_edu.errors import NetError, SpecError
from cafe_edu.summary import html_table, size, text_table


@dataclasses.dataclass
class LayerProfile:
    """What one layer costs.

    Attributes
    ----------
    name, type : str
    forward, backward : list of float
        Milliseconds of each iteration. A layer that does not run on the way back has no ``backward``.
    data_bytes, diff_bytes : int
        Memory of the blobs it makes. A blob written in place is counted where it was made.
    param_bytes : int
        Memory of its parameters and their diffs. A shared parameter is counted at its owner.
    """

    name: str
    type: str
    forward: list = dataclasses.field(default_factory=list)
    backward: list = dataclasses.field(default_factory=list)
    data_bytes: int = 0
    diff_bytes: int = 0
    param_bytes: int = 0

    def mean(self, way):
        """Mean milliseconds, ``way`` being "forward" or "backward"."""
        times = getattr(self, way)
        return statistics.fmean(times) if times else 0.0

    def median(self, way):
        """Median milliseconds: what an iteration takes that nothing disturbs."""
        times = getattr(self, way)
        return statistics.median(times) if times else 0.0


class Profile(list):
    """What a net costs: a list of LayerProfile, in the order of the layers. It prints as a table."""

    HEAD = ("layer", "type", "forward ms", "median", "backward ms", "median", "share", "data", "diff", "params")

    def total(self, way):
        """Mean milliseconds of all layers, ``way`` being "forward" or "backward"."""
        return sum(record.mean(way) for record in self)

    def rows(self):
        """The table as text: ``HEAD``, one row for each layer, and their sum."""
        table, total = [self.HEAD], self.total("forward") + self.total("backward") or 1.0
        for r in self:
            f, b = r.mean("forward"), r.mean("backward")
            memory = [size(n) if n else "" for n in (r.data_bytes, r.diff_bytes, r.param_bytes)]
            back = [f"{b:.3f}", f"{r.median('backward'):.3f}"] if r.backward else ["", ""]
            share = f"{(f + b) / total:.1%}"
            table.append((r.name, r.type, f"{f:.3f}", f"{r.median('forward'):.3f}", *back, share, *memory))
        sums = [size(sum(getattr(r, part) for r in self)) for part in ("data_bytes", "diff_bytes", "param_bytes")]
        ways = (f"{self.total('forward'):.3f}", "", f"{self.total('backward'):.3f}", "")
        return [*table, ("all", "", *ways, "100.0%", *sums)]

    def draw(self, figure=None):
        """Draw it (see `cafe_edu.drawing.profile.draw_profile`)."""
        from cafe_edu.drawing.profile import draw_profile

        return draw_profile(self, figure)

    def __repr__(self):
        return text_table(self.rows(), left=2)

    def _repr_html_(self):
        return html_table(self.rows(), left=2)


def profile(net, iterations=50, each=None):
    r"""Run a net forward and back and measure every layer.

    One iteration goes before, unmeasured: it makes the arrays. The clock is read when the device has finished, so a
    GPU's times are right too. In a net without a loss, the layers run back from whatever its outputs' diffs hold.

    Parameters
    ----------
    net : Net
    iterations : int
    each : function (number, milliseconds), optional
        Called after each iteration.

    Returns
    -------
    Profile
        A list of LayerProfile, in the order of the layers. Data layers are among them.

    References
    ----------
    Caffe: ``time`` in ``tools/caffe.cpp``.

    Examples
    --------
    >>> from cafe_edu import Net
    >>> net = Net('''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    ...     layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4 } }''')
    >>> x, ip = profile(net, iterations=3)
    >>> ip.name, len(ip.forward), ip.data_bytes
    ('ip', 3, 32)
    """
    if iterations < 1:
        raise SpecError(f"expected 1 iteration or more, found {iterations}")
    if not net.steps:
        raise NetError(f"net {net.name!r} has no layers to measure")
    records = Profile(LayerProfile(step.layer.name, step.layer.type) for step in net.steps)
    back = _way_back(net)
    net.forward()
    _backward(net, back)
    for number in range(iterations):
        start = _now(net)
        for step, record in zip(net.steps, records, strict=True):
            then = _now(net)
            step.layer.reshape(step.bottom, step.top)
            step.layer.forward(step.bottom, step.top)
            record.forward.append(1000 * (_now(net) - then))
        _backward(net, back, records)
        if each is not None:
            each(number, 1000 * (_now(net) - start))
    _count_bytes(net, records)
    return records


def _way_back(net):
    """What runs on the way back, last first: (index, propagate_down) of each layer."""
    if any(step.backward for step in net.steps):
        return [(i, s.propagate_down) for i, s in reversed(list(enumerate(net.steps))) if s.backward]
    found, made = [], set()  # no loss: every layer that stands on something, down to those that stand on nothing
    for i, step in enumerate(net.steps):
        down = [b.name in made and j not in step.layer.no_gradient for j, b in enumerate(step.bottom)]
        if (any(down) or step.layer.params) and _has_gradient(step.layer):
            made |= {blob.name for blob in step.top}
            found.append((i, down))
    return found[::-1]


def _has_gradient(layer):
    from cafe_edu.layer import Layer

    return type(layer).backward is not Layer.backward


def _backward(net, back, records=None):
    for step in net.steps:
        for blob, weight in zip(step.top, step.loss_weights, strict=True):
            if weight:
                blob.diff[...] = weight
    for i, propagate_down in back:
        step, then = net.steps[i], _now(net)
        step.layer.backward(step.top, propagate_down, step.bottom)
        if records is not None:
            records[i].backward.append(1000 * (_now(net) - then))


def _now(net):
    """Seconds, after the device has done all it was told."""
    if hasattr(net.xp, "cuda"):
        net.xp.cuda.get_current_stream().synchronize()
    return time.perf_counter()


def _count_bytes(net, records):
    seen = set()

    def count(blobs: list[Blob], *parts):
        total = 0
        for blob in blobs:
            for part in parts:
                memory = getattr(blob, part)
                total += 0 if id(memory) in seen else memory.nbytes
                seen.add(id(memory))
        return total

    for step, record in zip(net.steps, records, strict=True):
        record.data_bytes = count(step.top, "_data")
        record.diff_bytes = count(step.top, "_diff")
        record.param_bytes = count(step.layer.params, "_data", "_diff")
