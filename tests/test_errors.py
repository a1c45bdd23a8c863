"""errors.py: one base, one line."""

import pytest

from cafe_edu import errors
from cafe_edu.errors import CafeError, DataError, NetError, ParallelError, ShapeError, SpecError, WeightsError, noting


@pytest.mark.parametrize("error", [ShapeError, SpecError, NetError, DataError, WeightsError, ParallelError])
def test_all_have_one_base_and_say_what_they_are_for(error):
    assert issubclass(error, CafeError)
    assert error.__doc__ != CafeError.__doc__


def test_no_error_is_left_out():
    kinds = {name for name, thing in vars(errors).items() if isinstance(thing, type)}
    assert kinds == {"CafeError", "ShapeError", "SpecError", "NetError", "DataError", "WeightsError", "ParallelError"}


def test_one_line_joins_message_and_notes():
    error = NetError("first\n  second")
    error.add_note("in layer 'a'")
    error.add_note("in b.prototxt")
    assert error.one_line() == "first second; in layer 'a'; in b.prototxt"
    assert str(error) == "first\n  second"


def test_noting_adds_to_our_errors_only():
    with pytest.raises(SpecError) as caught, noting("in a.prototxt"), noting(""):
        raise SpecError("what")
    assert caught.value.__notes__ == ["in a.prototxt"]
    with pytest.raises(KeyError) as caught, noting("in a.prototxt"):
        raise KeyError("what")
    assert not hasattr(caught.value, "__notes__")
