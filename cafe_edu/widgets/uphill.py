"""A walk to an image that excites a unit, gone a few steps at a time."""

import math
import time

import numpy as np

from cafe_edu.insight.maximize import BLUR, DECAY, TV, climb, faint_noise
from cafe_edu.insight.objective import score_of
from cafe_edu.insight.targets import find_target, image_input

STEPS = 32  #: to its end


class Uphill:
    """The walk of `cafe_edu.insight.class_model`, step for step the same, with pauses where one likes.

    Parameters
    ----------
    net : Net
    target, limits, jitter
        As in `class_model`.

    Attributes
    ----------
    x : array, the shape of the net's items
        The image so far.
    gone : int
        How many of the ``STEPS`` steps have been gone.
    """

    def __init__(self, net, target, limits, jitter):
        self.net, self.target, self.limits, self.jitter = net, target, limits, jitter
        self.rng, self.gone = np.random.default_rng(0), 0
        shape = net.blobs[image_input(net, find_target(net, target).position)].shape[1:]
        self.x = faint_noise(shape, limits, self.rng)

    @property
    def ended(self):
        return self.gone == STEPS

    def go(self, seconds=math.inf):
        """Go on for some time, one step at least, or to the end; then return the walk itself."""
        until = time.perf_counter() + seconds
        objective = score_of(self.net, self.target, places="mean")  # not kept: its blobs may be large
        steps = climb(
            objective, self.x, STEPS, 1 / STEPS, self.limits, self.jitter, BLUR, TV, DECAY, self.rng, self.gone
        )
        for self.x, _ in steps:
            self.gone += 1
            if time.perf_counter() >= until:
                break
        return self
