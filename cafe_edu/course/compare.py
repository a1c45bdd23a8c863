"""Are two answers the same, and if not, where do they first differ, and is it a difference that speaks for itself?"""

import numpy as np


class OutOfTime(BaseException):
    """The reader's code ran too long. No ``except Exception`` in it catches this."""


class Raised:
    """What is left of a call that raised: the error. Two are alike if their types are."""

    def __init__(self, error):
        self.error = error

    def __repr__(self):
        return f"{type(self.error).__name__}: {self.error}" if str(self.error) else type(self.error).__name__

    @property
    def is_blank(self):
        """Was it the line that stands where an answer belongs?"""
        return isinstance(self.error, NotImplementedError)


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
    kinds = kind_of_value(expected), kind_of_value(found)
    if kinds[0] != kinds[1]:
        return f"expected {short(expected)}, found {short(found)}"
    match kinds[0]:
        case "error":
            same = type(expected.error) is type(found.error)
        case "dict":
            keys, found_keys = sorted(expected, key=str), sorted(found, key=str)
            return _first_difference(expected, found, keys, found_keys, rtol, atol)
        case "list":
            return _first_difference(expected, found, range(len(expected)), range(len(found)), rtol, atol)
        case "number" | "array":
            return _numeric_difference(np.asarray(expected), np.asarray(found), rtol, atol)
        case _:
            same = bool(expected is found or expected == found)
    return None if same else f"expected {short(expected)}, found {short(found)}"


def flaw(expected, found):
    """Say what is wrong with ``found`` where one need not know the exercise to see it; "" if nothing is.

    Examples
    --------
    >>> flaw(np.ones(2), None)
    'it gives nothing back: is there a `return`?'
    >>> flaw(np.ones((2, 3)), np.ones((3, 2)))
    'the shape is wrong: expected (2, 3), found (3, 2).'
    >>> flaw([1.0, 2.0], [1.0, float("nan")])
    'there is NaN (not a number) in it, at [1]: a 0/0, the logarithm of a negative number, or inf - inf.'
    >>> flaw(np.ones(2), np.zeros(2))
    'every number of it is 0: is the result written into what is given back?'
    """
    if isinstance(found, Raised):
        return "" if isinstance(expected, Raised) else _of_an_error(found.error)
    if isinstance(expected, Raised):
        return f"this input is not valid: expected a {type(expected.error).__name__}, and it was taken."
    if found is None and expected is not None:
        return "it gives nothing back: is there a `return`?"
    return _of_types(expected, found, "") or _of_numbers(list(numbers_in(expected)), list(numbers_in(found)))


def kind_of_value(value):
    """Name the type of ``value`` in the course's words; a list and a tuple are of one kind.

    Examples
    --------
    >>> [kind_of_value(value) for value in (3, np.float32(3), np.ones(3), True, (1, 2), "3", None, print, int)]
    ['number', 'number', 'array', 'truth value', 'list', 'text', 'nothing', 'function', 'class']
    """
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in "iufc":
            return f"array of {value.dtype}" if value.ndim else "truth value" if value.dtype.kind == "b" else "text"
        return "array" if value.ndim else "number"
    kinds = {bool: "truth value", int | float | complex: "number", str: "text", list | tuple: "list", dict: "dict",
             Raised: "error", type(None): "nothing", type: "class"}  # fmt: skip
    found = [words for kind, words in kinds.items() if isinstance(value, kind)]
    return found[0] if found else "function" if callable(value) else type(value).__name__


def numbers_in(value, place=""):
    """Yield (place, array) for each number and array of numbers inside ``value``."""
    match kind_of_value(value):
        case "number" | "array":
            yield place, np.asarray(value)
        case "list":
            for i, item in enumerate(value):
                yield from numbers_in(item, f"{place}[{i}]")
        case "dict":
            for key, item in value.items():
                yield from numbers_in(item, f"{place}[{key!r}]")


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
    elif isinstance(value, np.generic):
        text = repr(value.item())
    elif isinstance(value, np.ndarray):
        text = np.array2string(value, precision=6, separator=", ") if value.size <= 8 else ""
        text = " ".join(text.split()) or f"an array of shape {value.shape}"
    elif isinstance(value, list | tuple) and any(isinstance(item, np.generic | np.ndarray) for item in value):
        text = f"({', '.join(map(short, value))})" if isinstance(value, tuple) else f"[{', '.join(map(short, value))}]"
    elif isinstance(value, dict) and any(isinstance(item, np.generic | np.ndarray | float) for item in value.values()):
        text = "{" + ", ".join(f"{key!r}: {short(item)}" for key, item in value.items()) + "}"
    else:
        try:
            text = " ".join(repr(value).split())
        except Exception as error:  # a reader's own class may not even have that
            text = f"a {type(value).__name__} whose repr raises {type(error).__name__}"
    return text if len(text) <= width else text[: width - 3] + "..."


def _numeric_difference(e, f, rtol, atol):
    if e.shape != f.shape:
        return f"expected shape {e.shape}, found shape {f.shape}"
    close = np.isclose(f, e, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    where = tuple(int(i) for i in np.argwhere(~close)[0])
    place = f"at {list(where)}: " if where else ""
    return f"{place}expected {short(e[where].item())}, found {short(f[where].item())}"


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


def _of_an_error(error):
    match error:
        case OutOfTime():
            return f"it took longer than {error} s, so the check stopped it: is there a loop that never ends?"
        case MemoryError():
            return "it asked for more memory than the check allows: is there an array with far too many numbers?"
        case SystemExit():
            return "it left the program with `exit`; an answer gives its result back with `return`."
        case RecursionError():
            return "it calls itself without end: what stops the recursion?"
        case NameError():
            return f"it uses a name that is not there ({error}): run the cell that defines it first."
        case _:
            return f"it stopped with a {type(error).__name__}: call it yourself on this input to see where."


def _of_types(expected, found, place):
    kinds = kind_of_value(expected), kind_of_value(found)
    where = f" at {place}" if place else ""
    if kinds[0] != kinds[1]:
        return f"the type is wrong{where}: expected {_with_article(kinds[0])}, found {_with_article(kinds[1])}."
    if kinds[0] == "array" and expected.shape != found.shape:
        return f"the shape is wrong{where}: expected {expected.shape}, found {found.shape}."
    if kinds[0] == "list":
        if len(expected) != len(found):
            return f"the length is wrong{where}: expected {len(expected)}, found {len(found)}."
        pairs = [(f"{place}[{i}]", a, b) for i, (a, b) in enumerate(zip(expected, found, strict=True))]
    elif kinds[0] == "dict":
        if set(expected) != set(found):
            return f"the keys are wrong{where}: expected {short(list(expected))}, found {short(list(found))}."
        pairs = [(f"{place}[{key!r}]", expected[key], found[key]) for key in expected]
    else:
        return ""
    return next(filter(None, (_of_types(a, b, inside) for inside, a, b in pairs)), "")


def _of_numbers(expected, found):
    for (_, e), (place, f) in zip(expected, found, strict=False):
        where = f", at {place}" if place else ""
        if np.isnan(f).any() and not np.isnan(e).any():
            return f"there is NaN (not a number) in it{where}: a 0/0, the logarithm of a negative number, or inf - inf."
        if np.isinf(f).any() and not np.isinf(e).any():
            return f"there is an infinite number in it{where}: a division by 0, or an exponential of a large number."
    is_zero = [f.size > 0 and not f.any() for _, f in found]
    if any(is_zero) and all(is_zero) and any(e.any() for _, e in expected):
        return "every number of it is 0: is the result written into what is given back?"
    return ""


def _with_article(kind):
    return kind if kind in ("nothing", "text") else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
