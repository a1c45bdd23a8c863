"""Errors of pycaffe's kinds: ours, and at once those of Python's that old programs catch."""

from cafe_edu.errors import DataError, NetError, ShapeError, SpecError, WeightsError


class NoNetFile(SpecError, RuntimeError):
    """There is no such prototxt."""


class NoWeightsFile(WeightsError, RuntimeError):
    """There is no such .caffemodel."""


class NoMemoryData(NetError, RuntimeError):
    """A net that begins otherwise was given arrays."""


class WrongArrays(ShapeError, RuntimeError):
    """Arrays for a MemoryData layer that do not fit it."""


class NoLayer(NetError, ValueError):
    """The net has no layer of that name."""


class NoBlob(NetError, KeyError):
    """The net has no blob of that name."""

    __str__ = Exception.__str__  # KeyError would put the message in quotes


class NoField(SpecError, AttributeError):
    """A message has no field of that name."""


class WrongValue(SpecError, TypeError, ValueError):
    """A field of a message cannot have that value."""


class NoImage(DataError, OSError):
    """A file that is no image."""


class NoImageFile(NoImage, FileNotFoundError):
    """There is no such image."""
