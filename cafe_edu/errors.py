"""What can go wrong, by name. Every message says what was expected, what was found, where, and what to do."""

import contextlib


class CafeError(Exception):
    """Base of all errors that cafe_edu raises on purpose.

    A layer raises with what it knows; the net adds, with ``add_note``, the layer's name, type and
    shapes. ``one_line`` joins both for the command line.

    Examples
    --------
    >>> e = ShapeError("expected 4 axes, found 2: (3, 5)")
    >>> e.add_note("in layer 'conv1' (Convolution)")
    >>> e.one_line()
    "expected 4 axes, found 2: (3, 5); in layer 'conv1' (Convolution)"
    """

    def one_line(self):
        """The message and its notes as one line."""
        parts = [str(self), *getattr(self, "__notes__", [])]
        return "; ".join(" ".join(part.split()) for part in parts)


class ShapeError(CafeError):
    """A blob, parameter or array has the wrong shape."""


class SpecError(CafeError):
    """A prototxt file or message says what cannot be: unknown field, wrong value, missing option."""


class NetError(CafeError):
    """Layers do not fit together: a blob nobody makes, a blob made twice, an unsafe in-place use."""


class DataError(CafeError):
    """Input data is missing, damaged or out of range."""


class WeightsError(CafeError):
    """A .caffemodel or .solverstate file is missing, damaged or does not fit the net."""


class ParallelError(CafeError):
    """The ranks of one training cannot go on together: one failed, or they are not what they should be."""


@contextlib.contextmanager
def noting(note):
    """Add a note to any ``CafeError`` that the block raises; an empty note adds nothing."""
    try:
        yield
    except CafeError as error:
        if note:
            error.add_note(note)
        raise
