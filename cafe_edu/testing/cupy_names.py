"""What cupy has: its functions and their parameters, read from an installed cupy and kept in ``cupy_names.json``.

``python -m cafe_edu.testing.cupy_names`` writes the file anew; it needs cupy and no GPU. The strict stand-in for
cupy is made from it.

Parameters stand in one string, in order: ``a`` must be given, ``axis=`` may be, ``*shape`` takes many, and those
behind a lone ``*`` go by their names only.
"""

import inspect
import json
import pathlib
import re

import numpy as np

FILE = pathlib.Path(__file__).with_name("cupy_names.json")
METHODS = {"at": (None, None), "reduce": (None,), "accumulate": (None,), "reduceat": (None, None)}


def read_names():
    """Return what the file holds.

    Examples
    --------
    >>> names = read_names()
    >>> names["functions"]["sum"], names["ufuncs"]["maximum"]
    ('a axis= dtype= out= keepdims=', 'at')
    """
    return json.loads(FILE.read_text(encoding="utf-8"))


def signature_of(parameters):
    """Return the ``inspect.Signature`` that such a string of parameters describes."""
    kinds, found = inspect.Parameter, []
    kind = kinds.POSITIONAL_OR_KEYWORD
    for part in parameters.split():
        name, default = part.strip("*="), None if part.endswith("=") else kinds.empty
        if part.startswith("**"):
            found.append(kinds(name, kinds.VAR_KEYWORD))
        elif part.startswith("*"):
            kind = kinds.KEYWORD_ONLY
            found += [kinds(name, kinds.VAR_POSITIONAL)] if name else []
        else:
            found.append(kinds(name, kind, default=default))
    return inspect.Signature(found)


def bind(name, signature, args, kwargs):
    """Return arguments by name; raise cupy's error for those that its function does not take."""
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"cupy's {name}() {error}") from None
    if given.get("kind") not in (None, "stable"):  # of sorting
        raise ValueError("kind can only be None or 'stable'")
    return given


def find_names(cupy):
    """Return what a cupy module has.

    Returns
    -------
    dict
        ``cupy``, its version; ``functions`` that numpy has too, with their parameters; ``ufuncs``, with the methods
        that work (the others exist and raise NotImplementedError); ``same``, what is numpy's own; ``other``, the rest;
        ``methods`` of its array with their parameters, and its ``attributes``.
    """
    found = {"cupy": cupy.__version__, "functions": {}, "ufuncs": {}, "same": [], "other": []}
    for name in sorted(name for name in dir(cupy) if not name.startswith("_")):
        value = getattr(cupy, name)
        parameters = _parameters(value) if callable(value) and hasattr(np, name) else None
        if isinstance(value, cupy.ufunc):
            found["ufuncs"][name] = " ".join(method for method in METHODS if _works(value, method))
        elif value is getattr(np, name, found):
            found["same"].append(name)
        elif parameters is not None and not isinstance(value, type):
            found["functions"][name] = parameters
        else:
            found["other"].append(name)
    public = [name for name in dir(cupy.ndarray) if not name.startswith("_")]
    of_array = {name: _parameters_in_docstring(getattr(cupy.ndarray, name)) for name in public}
    found["methods"] = {name: text for name, text in of_array.items() if text is not None}
    found["attributes"] = [name for name, text in of_array.items() if text is None]
    return found


def _works(ufunc, method):
    """Does this ufunc have the method? Tried on None: one that works asks it for what an array has."""
    try:
        getattr(ufunc, method)(*METHODS[method])
    except NotImplementedError:
        return False
    except AttributeError:
        pass
    return True


def _parameters(function):
    """The parameters of a function in one string; None where Python cannot know them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    parts, named_only = [], False
    for parameter in parameters:
        named_only |= parameter.kind is parameter.VAR_POSITIONAL
        if parameter.kind is parameter.KEYWORD_ONLY and not named_only:
            parts.append("*")
            named_only = True
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        parts.append(stars + parameter.name + ("" if parameter.default is parameter.empty else "="))
    return " ".join(parts)


def _parameters_in_docstring(method):
    """The same for a method of the array, which says its signature in its docstring only."""
    stated = re.match(r"\w+\.\w+\((.*?)\)(?: ->.*)?$", (getattr(method, "__doc__", "") or "").strip().split("\n")[0])
    if not callable(method) or stated is None:
        return None
    parts = [part.strip() for part in stated.group(1).split(",")]
    parts = [part.partition("=")[0].split()[-1] + "=" * ("=" in part) for part in parts if part != "self"]
    return " ".join(parts)


def main():
    import cupy

    FILE.write_text(json.dumps(find_names(cupy), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
