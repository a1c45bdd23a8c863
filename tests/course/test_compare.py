"""Same or not, and where."""

import numpy as np
import pytest

from cafe_edu.course.compare import Raised, difference, outcome, short


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (520, 520.0),
        ([1, 2], (1, 2)),
        ({"a": [0.1]}, {"a": [0.1 + 1e-12]}),
        (float("nan"), float("nan")),
        (np.arange(3), np.arange(3.0)),
        (Raised(ValueError("a")), Raised(ValueError("b"))),
        ("step", "step"),
        (None, None),
        (np.float32(2.5), 2.5),
    ],
)
def test_same(expected, found):
    assert difference(expected, found) is None


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        (520, 500, "expected 520, found 500"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "at ['b']: expected 2, found 3"),
        ({"a": 1}, {}, "at ['a']: expected 1, found nothing"),
        ({}, {"a": 1}, "at ['a']: expected nothing, found 1"),
        ([(0, 2.3)], [(0, 2.4)], "at [0][1]: expected 2.3, found 2.4"),
        ([1], [1, 2], "at [1]: expected nothing, found 2"),
        (np.zeros(2), np.array([0.0, 1.0]), "at [1]: expected 0, found 1"),
        (np.zeros((2, 1)), np.zeros(2), "expected shape (2, 1), found shape (2,)"),
        (1, True, "expected 1, found True"),
        (2.3, "2.3", "expected 2.3, found '2.3'"),
        (1.0, float("nan"), "expected 1, found nan"),
        (1.0, None, "expected 1, found None"),
        (1, Raised(ValueError("no")), "expected 1, found ValueError: no"),
    ],
)
def test_different(expected, found, words):
    assert difference(expected, found) == words


def test_outcome_protects_its_arguments():
    numbers = [3, 1, 2]
    outcome(lambda values: values.sort(), numbers)
    assert numbers == [3, 1, 2]


def test_short_keeps_to_its_width():
    assert len(short("x" * 500)) == 70
    assert short(np.zeros((3, 4))) == "an array of shape (3, 4)"
