"""The house's own at work is seen, whatever it is called."""

import functools
import sys

import numpy as np
import pytest

from cafe_edu.arrays import softmax as module
from cafe_edu.arrays.softmax import softmax
from cafe_edu.course.witness import watching
from cafe_edu.layers.relu import ReLU
from cafe_edu.testing.trial import make_layer

SCORES = np.array([[1.0, 2.0]])


def wrapped(x):
    return functools.partial(softmax, axis=1)(x)


class Mine(ReLU):
    pass


@pytest.mark.parametrize(
    ("house", "run", "names"),
    [
        ((softmax,), lambda: wrapped(SCORES), ["softmax"]),
        ((module,), lambda: wrapped(SCORES), ["softmax"]),
        ((ReLU,), lambda: make_layer(Mine, SCORES).forward(), ["ReLU"]),
        ((softmax, ReLU), lambda: np.exp(SCORES), []),
        ((), lambda: wrapped(SCORES), []),
    ],
)
def test_calls_are_seen(house, run, names):
    with watching(house) as called:
        run()
    assert called == names
    assert sys.getprofile() is None
