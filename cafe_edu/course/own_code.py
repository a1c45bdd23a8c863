"""What of the house is the reader's own: layers, rules and functions that passed, kept for later notebooks.

A passing answer is written down as a small Python file, ``my_code/12_1.py`` beside the progress file, with the imports,
functions and constants of the notebook that it uses.
"""

import ast
import builtins
import dis
import inspect
import sys

from cafe_edu.course import days, origin, progress_file
from cafe_edu.errors import CafeError
from cafe_edu.files import replacing

_LIVE = {}  # number -> the object of this very kernel that passed


class NotPortableError(CafeError):
    """An answer uses something of its notebook that cannot be written down."""


class Mine(dict):
    """Name -> class or function, shown as a list; what could not be loaded is in ``missing``."""

    def __init__(self, found, missing):
        super().__init__(found)
        self.missing = missing

    def __repr__(self):
        if not self and not self.missing:
            return "nothing yet: code that passes its check is yours to use"
        lines = [f"{name}: your {thing.__name__}" for name, thing in self.items()]
        return "\n".join([*lines, *(f"{name}: {why}" for name, why in self.missing.items())])


def mine():
    """Return what passed, by the name under which it is used.

    A layer stands under its type, a solver's rule under its own, a function under its name:
    ``Net(spec, layers=mine())``, ``Solver(spec, rules=mine())``, ``mine()["softmax"](x)``. What has not passed is not
    in it, and there the house's own does the work.

    Returns
    -------
    Mine
        A dict.
    """
    found, missing, known = {}, {}, progress_file.read()
    for day in days.days():
        for exercise in days.exercises(day):
            if not known.get(exercise.number, {}).get("passed") or exercise.kind not in ("code", "derive"):
                continue
            name = exercise.plugs or exercise.name
            try:
                found[name] = _LIVE.get(exercise.number) or load(exercise)
            except CafeError as error:
                missing[name] = error.one_line()
    return Mine(found, missing)


def keep(exercise, thing, names):
    """Write down an answer that passed; return "" or why it could not be.

    Parameters
    ----------
    exercise : Question
    thing : function or class
    names : dict
        The names of the notebook.
    """
    if exercise.kind not in ("code", "derive"):
        return ""
    _LIVE[exercise.number] = thing
    try:
        text = "\n\n".join([*gather(exercise.name, names), ""])
        with replacing(file_of(exercise)) as new:
            new.write_text(text, encoding="utf-8")
    except (CafeError, OSError) as error:
        return f"`mine()` has it in this notebook only: {error}"
    return ""


def load(exercise):
    """Return the answer that was written down."""
    path = file_of(exercise)
    namespace = {"__name__": f"my_code.{path.stem}"}
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
        return namespace[exercise.name]
    except Exception as error:
        raise CafeError(
            f'check("{exercise.number}") again: {path.name} gave {type(error).__name__}: {error}'
        ) from error


def file_of(exercise):
    """Return the path of the file that keeps an answer."""
    return progress_file.home() / "my_code" / f"{exercise.number.replace('.', '_')}.py"


def gather(name, names, done=None):
    """Return pieces of source that, run in order, make ``name`` what it is in the notebook.

    Raises
    ------
    NotPortableError
        If it rests on something that is neither imported, nor defined by a cell, nor a plain constant.
    """
    done = set() if done is None else done
    done.add(name)
    thing = names[name]
    imported = _imported(name, thing)
    if imported:
        return [imported]
    if not callable(thing):
        return [f"{name} = {_constant(name, thing)}"]
    source = origin.source_of(name, thing)
    if source is None:
        raise NotPortableError(f"the source of `{name}` cannot be found")
    pieces = []
    for used in _globals_of(compile(source, name, "exec")):
        if used in names and used not in done and not hasattr(builtins, used) and used[:2] != "__":
            pieces += gather(used, names, done)
    return [*pieces, source]


def _globals_of(code):
    """Yield the names that code looks up outside itself; arguments and local names are none."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for inside in code.co_consts:
        if inspect.iscode(inside):
            yield from _globals_of(inside)


def _imported(name, thing):
    """Return the import that brings ``thing``, or None if it was made in the notebook."""
    if inspect.ismodule(thing):
        return f"import {thing.__name__} as {name}"
    module, qualname = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    found = sys.modules.get(module)
    if module in (None, "__main__") or qualname is None or getattr(found, qualname, None) is not thing:
        return None
    return f"from {module} import {qualname} as {name}"


def _constant(name, thing):
    try:
        if ast.literal_eval(repr(thing)) == thing:
            return repr(thing)
    except (ValueError, SyntaxError, TypeError):
        pass
    raise NotPortableError(f"it uses `{name}`, a {type(thing).__name__} of this notebook: make it an argument")
