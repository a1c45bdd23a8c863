"""Same or not, and where."""

import numpy as np
import pytest

from cafe_edu.course.compare import OutOfTime, Raised, difference, flaw, short


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


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), "the shape is wrong: expected (2, 3), found (3, 2)."),
        ({"a": [np.ones(2)]}, {"a": [np.ones(3)]}, "the shape is wrong at ['a'][0]: expected (2,), found (3,)."),
        (np.ones(2), [1.0, 1.0], "the type is wrong: expected an array, found a list."),
        (1.0, "1", "the type is wrong: expected a number, found text."),
        (3, True, "the type is wrong: expected a number, found a truth value."),
        ([1, 2], [1], "the length is wrong: expected 2, found 1."),
        ({"a": 1}, {"b": 1}, "the keys are wrong: expected ['a'], found ['b']."),
        (1.0, float("nan"), "there is NaN (not a number) in it: "),
        (np.ones(2), np.array([1, np.inf]), "there is an infinite number in it: "),
        ([1.0, 2.0], [0.0, 0.0], "every number of it is 0"),
        (1.0, None, "it gives nothing back: is there a `return`?"),
        (Raised(ValueError("negative")), 1.0, "this input is not valid: expected a ValueError, and it was taken."),
        (1.0, Raised(KeyError("x")), "it stopped with a KeyError"),
        (1.0, Raised(OutOfTime("5")), "it took longer than 5 s"),
    ],
)
def test_what_is_wrong_at_first_sight(expected, found, words):
    assert flaw(expected, found).startswith(words)


@pytest.mark.parametrize(
    ("expected", "found"),
    [(1.0, 2.0), (np.zeros(2), np.zeros(2)), (float("nan"), float("nan")), (np.ones(2), np.array([0, 1])), ("a", "b")],
)
def test_what_needs_a_closer_look(expected, found):
    assert flaw(expected, found) == ""


class Odd:
    def __repr__(self):
        raise KeyError


def test_anything_can_be_written_short():
    assert short(Odd()) == "a Odd whose repr raises KeyError"
    assert short(np.float32(0.1)) == "0.1"
    assert short((np.int64(3), np.ones(2))) == "(3, [1., 1.])"


def test_short_keeps_to_its_width():
    assert len(short("x" * 500)) == 70
    assert short(np.zeros((3, 4))) == "an array of shape (3, 4)"
