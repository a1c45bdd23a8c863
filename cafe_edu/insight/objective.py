"""An objective: one number that a net computes from an image, and how it changes with each pixel."""

import numpy as np

from cafe_edu.arrays.softmax import softmax
from cafe_edu.device import to_numpy
from cafe_edu.errors import NetError
from cafe_edu.insight.targets import find_target, image_input
from cafe_edu.insight.twin import twin


class Objective:
    r"""A number S that is measured on what a layer makes of x, with its gradient by the net's own way back.

    .. math:: S(x) = m(a(x)), \qquad \frac{\partial S}{\partial x}
              = \Big(\frac{\partial a}{\partial x}\Big)^\top \frac{\partial m}{\partial a}

    Parameters
    ----------
    net : Net
        It is left as it is.
    position : int
        Of the layer in ``net.steps``.
    measure : function
        Takes what the layer makes, a (N, ...); returns S (N,) and :math:`\partial m / \partial a`, the shape of a.
    layers : dict, optional
        Layer classes to use instead of the net's, by type name.
    """

    def __init__(self, net, position, measure, layers=None):
        self.net = twin(net, [position], layers)
        self.measure = measure
        self.image = self.net.blobs[image_input(net, position)]
        self.top = self.net.steps[-1].top[0]

    def __call__(self, x):
        """Return S for each item of x, (N,)."""
        return self.measure(self.activations(x))[0]

    def slope(self, x):
        """Return S for each item of x, (N,), and dS/dx, the shape of x."""
        values, diff = self.measure(self.activations(x))
        self._back(diff)
        return values, to_numpy(self.image.diff).copy()

    def slope_at(self, x, i):
        """Return what the i-th layer of the twin writes, A, and dS/dA, the shape of A."""
        self.net.forward(end=self.net.layers[0].name, **{self.image.name: x})
        blob = self.net.steps[i].top[0]
        for j in range(1, len(self.net.steps)):
            self.net.forward_step(j)
            if j == i:
                A = to_numpy(blob.data).copy()  # now: a layer in place may overwrite it
        self._back(self.measure(to_numpy(self.top.data))[1], i + 1)
        return A, to_numpy(blob.diff).copy()

    def activations(self, x):
        """Return what the layer makes of x."""
        self.net.forward(**{self.image.name: x})
        return to_numpy(self.top.data)

    def _back(self, diff, last=0):
        """Run the layers on the way back, as far as the one at ``last``."""
        self.top.diff = self.net.xp.asarray(diff, self.net.dtype)
        self.net.clear_param_diffs()
        for i in reversed(range(last, len(self.net.steps))):
            self.net.backward_step(i)


def score_of(net, target, probability=False, layers=None, places="largest"):
    """Return the ``Objective`` of a target: the score of a class before its softmax, or the value of a unit.

    Parameters
    ----------
    net : Net
    target : int, (str, int) or (str, int, int, int)
        See `cafe_edu.insight.targets.find_target`.
    probability : bool
        Of a class: what softmax makes of its score.
    layers : dict, optional
    places : {"largest", "mean"}
        Of a channel with many places: its largest number, or the mean of all.
    """
    found = find_target(net, target)
    if probability and not found.is_class:
        raise NetError(f"a unit has no probability, only a class has: found the target {target!r}")

    def measure(a):
        shape, a = a.shape, a.reshape(*a.shape[:2], -1)  # (N, channels, places)
        s = softmax(a, axis=1) if probability else a
        t, place = found.channel, found.place
        weight = np.zeros((len(a), a.shape[2]), a.dtype)  # of each place in S
        if place is None and places == "mean":
            weight[...] = 1 / a.shape[2]
        else:
            weight[np.arange(len(a)), s[:, t].argmax(axis=1) if place is None else place] = 1
        diff = np.zeros_like(a)
        diff[:, t] = weight
        if probability:
            diff = s * (diff - s[:, t : t + 1] * weight[:, None])
        return (s[:, t] * weight).sum(axis=1), diff.reshape(shape)

    return Objective(net, found.position, measure, layers)
