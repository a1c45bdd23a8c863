"""The memory plan: blobs that are never needed at the same time share memory.

With ``keep="outputs"`` a net keeps its inputs and outputs. Of the blobs between, each needs its memory from the layer
that writes it to the last that reads it; then the memory passes on. A TEST net shares the data of its blobs so. A
TRAIN net needs them on the way back, and shares the gradients. To look at what has passed on is an error.

All of it is one long array. The largest blob is placed first, each at the lowest place that is free for as long as
it lives: not always the least that would do, but near it (Pisarchyk and Lee 2020, "greedy by size").
"""

import math

import numpy as np

from cafe_edu.errors import NetError

ALIGNED = 64  #: bytes: a blob begins where a line of the cache does


def place(needs):
    """Place needs for memory.

    Parameters
    ----------
    needs : list of (int, int, int)
        Bytes, and the first and the last moment at which they are needed.

    Returns
    -------
    list of int, int
        Where each begins, and how many bytes there must be.

    Examples
    --------
    Of three layers in a row, the third's blob may stand where the first's was.

    >>> place([(100, 0, 1), (300, 1, 2), (50, 2, 3)])
    ([320, 0, 320], 420)
    """
    begins, placed, total = [0] * len(needs), [], 0
    for i in sorted(range(len(needs)), key=lambda i: -needs[i][0]):
        size, first, last = needs[i]
        begin = 0
        for other, end, since, until in sorted(placed):
            if since <= last and first <= until:  # alive at the same time
                if begin + size <= other:
                    break
                begin = max(begin, math.ceil(end / ALIGNED) * ALIGNED)
        placed.append((begin, begin + size, first, last))
        begins[i], total = begin, max(total, begin + size)
    return begins, total


class MemoryPlan:
    """Which memory serves which blobs of a net, layer by layer.

    Parameters
    ----------
    net : Net
        A TEST net shares data, a TRAIN net gradients.
    """

    def __init__(self, net):
        self.net, self.part = net, "_data" if net.phase == "TEST" else "_diff"
        self.memories, self.shapes = [], None
        self.begins, self.ends = {}, {}  # number of a step -> what it wakes, what passes on after it

    def make(self):
        """Plan, if shapes have changed since the last plan."""
        net, shapes = self.net, [blob.shape for blob in self.net.blobs.values()]
        if shapes == self.shapes:
            return
        for step in net.steps:  # what the layers do themselves when they run
            for blob in step.top if step.layer.shares_data else ():
                blob.share_data(step.bottom[0])
            for blob, owner in step.same_diff:
                blob.share_diff(owner)
        moments = self._moments()
        spans = {key: (min(used), max(used)) for key, used in moments.items()}
        self.memories = list(self._shared(set(spans)))
        needs = [(memory.capacity * memory.dtype.itemsize, *spans[id(memory)]) for memory in self.memories]
        begins, total = place(needs)
        whole = net.xp.empty(total, np.uint8)
        self.begins, self.ends = {}, {}
        for memory, begin, (size, first, last) in zip(self.memories, begins, needs, strict=True):
            memory.lie_in(whole[begin : begin + size])
            self.begins.setdefault(abs(first), []).append(memory)
            self.ends.setdefault(abs(last), []).append(memory)
        self.shapes = shapes

    def _moments(self):
        """When each memory is used: the numbers of steps, negative ones on the way back."""
        moments = {}
        for i, step in enumerate(self.net.steps):
            if self.part == "_data":
                used = [*step.bottom, *step.top]
            else:
                wanted = zip(step.bottom, step.propagate_down, strict=True)
                used = [*step.top, *(blob for blob, wanted in wanted if wanted)] if step.backward else []
            for blob in used:
                moments.setdefault(id(getattr(blob, self.part)), []).append(i if self.part == "_data" else -i)
        return moments

    def _shared(self, used):
        """The memories of the blobs between."""
        net, seen = self.net, set()
        kept = {id(getattr(net.blobs[name], self.part)) for name in (*net.inputs, *net.outputs)}
        kept |= {id(getattr(blob, self.part)) for blobs in net.params.values() for blob in blobs}
        written = set()  # what a layer writes, before another reads it
        for step in net.steps:
            if self.part == "_data":
                written |= {id(blob._data) for blob in step.top} if step.bottom else set()
                kept |= set() if step.bottom else {id(blob._data) for blob in step.top}
                continue
            kept |= {id(blob._diff) for blob, weight in zip(step.top, step.loss_weights, strict=True) if weight}
            wanted = zip(step.bottom, step.propagate_down, strict=True)
            written |= {id(blob._diff) for blob, wanted in wanted if wanted and step.backward}
        for blob in net.blobs.values():
            memory = getattr(blob, self.part)
            if id(memory) in (used & written) - kept - seen:
                seen.add(id(memory))
                yield memory

    def before(self, i):
        """The i-th step is about to run: memory that it writes first is its own now."""
        for memory in self.begins.get(i, ()):
            memory.passed_on = False

    def after(self, i):
        """The i-th step has run: memory that it was the last to use may serve others."""
        for memory in self.ends.get(i, ()):
            memory.passed_on = True


def refuse(what):
    """Say that a net keeps too little for this."""
    raise NetError(f'{what}: this net was made with keep="outputs"; make it with keep="all"')
