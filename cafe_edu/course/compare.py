"""Are two answers the same, and if not, where do they first differ?"""

import numpy as np


class Raised:
    """What is left of a call that raised: the error. Two are alike if their types are."""

    def __init__(self, error):
        self.error = error

    def __repr__(self):
        return f"{type(self.error).__name__}: {self.error}" if str(self.error) else type(self.error).__name__


def outcome(function, *args):
    """Call ``function`` on its own copies of ``args``; give back its result, or what it `Raised`.

    Examples
    --------
    >>> outcome(int, "7"), outcome(int, "seven")
    (7, ValueError: invalid literal for int() with base 10: 'seven')
    """
    import copy

    try:
        return function(*copy.deepcopy(args))
    except Exception as error:
        return Raised(error)


def difference(expected, found, rtol=1e-6, atol=1e-9):
    """Say in one line how ``found`` differs from ``expected``; None if it does not.

    Numbers are compared with a tolerance, nan equals nan; a list equals a tuple of the same items;
    arrays must have the same shape.

    Parameters
    ----------
    expected, found : number, text, None, array, or lists, tuples and dicts of these

    Returns
    -------
    str or None

    Examples
    --------
    >>> difference([0.1, 0.2], [0.1, 0.3])
    'at [1]: expected 0.2, found 0.3'
    >>> difference({"conv1": 520}, {"conv1": 520.0}) is None
    True
    >>> difference(np.zeros((2, 3)), np.zeros((3, 2)))
    'expected shape (2, 3), found shape (3, 2)'
    """
    if isinstance(expected, Raised) or isinstance(found, Raised):
        same = isinstance(expected, Raised) and isinstance(found, Raised)
        same = same and type(expected.error) is type(found.error)
        return None if same else f"expected {short(expected)}, found {short(found)}"
    if isinstance(expected, dict) and isinstance(found, dict):
        keys, found_keys = sorted(expected, key=str), sorted(found, key=str)
        return _first_difference(expected, found, keys, found_keys, rtol, atol)
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        return _first_difference(expected, found, range(len(expected)), range(len(found)), rtol, atol)
    if _is_numeric(expected) and _is_numeric(found):
        e, f = np.asarray(expected), np.asarray(found)
        if e.shape != f.shape:
            return f"expected shape {e.shape}, found shape {f.shape}"
        close = np.isclose(e, f, rtol=rtol, atol=atol, equal_nan=True)
        if close.all():
            return None
        where = tuple(int(i) for i in np.argwhere(~close)[0])
        place = f"at {list(where)}: " if where else ""
        return f"{place}expected {short(e[where].item())}, found {short(f[where].item())}"
    if type(expected) is type(found) and not _is_numeric(expected) and expected == found:
        return None
    return f"expected {short(expected)}, found {short(found)}"


def short(value, width=70):
    """Write ``value`` in at most ``width`` characters, floats in six figures.

    Examples
    --------
    >>> short(2 / 3)
    '0.666667'
    >>> short(list(range(100)), width=20)
    '[0, 1, 2, 3, 4, 5...'
    """
    if isinstance(value, float | np.floating):
        text = f"{float(value):.6g}"
    elif isinstance(value, np.ndarray):
        text = f"an array of shape {value.shape}"
    else:
        text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."


def _is_numeric(value):
    """Numbers and arrays of numbers, but not truth values: True is not an answer to "how many"."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float | np.number | np.ndarray) and np.asarray(value).dtype.kind in "iuf"


def _first_difference(expected, found, keys, found_keys, rtol, atol):
    for key in keys:
        if key not in found_keys:
            return f"at {[key]}: expected {short(expected[key])}, found nothing"
        inside = difference(expected[key], found[key], rtol, atol)
        if inside is not None:
            return _at(key, inside)
    extra = [key for key in found_keys if key not in keys]
    return f"at {[extra[0]]}: expected nothing, found {short(found[extra[0]])}" if extra else None


def _at(key, inside):
    """Put ``key`` in front of the place that ``inside`` already names."""
    if inside.startswith("at "):
        return f"at {[key]}{inside[3:]}"
    return f"at {[key]}: {inside}"
