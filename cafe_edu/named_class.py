"""A class that a prototxt names, found in its module."""

import contextlib
import difflib
import importlib
import importlib.util
import inspect
import sys

from cafe_edu.errors import SpecError


def find_class(module, name, folder=None):
    """Return a class of a module that is on Python's path or lies in a folder.

    Such a module often says ``import caffe``. Where there is no other, that is ``cafe_edu.pycaffe``.

    Parameters
    ----------
    module, name : str
        ``"__main__"`` is the notebook or the program itself.
    folder : path, optional
        Where to look last: the folder of the prototxt.

    Raises
    ------
    SpecError
        If there is no such module or no such class. What goes wrong inside the module comes through as it is.

    Examples
    --------
    >>> find_class("collections", "Counter")
    <class 'collections.Counter'>
    """
    _lend_caffe()
    try:
        with _path_and(folder):
            importlib.invalidate_caches()  # the file may have been written a moment ago
            found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise  # one that the module itself imports
        also = f" and in {folder}" if folder else ""
        raise SpecError(
            f"no module {module!r}, which `python_param` names: looked for {module.replace('.', '/')}.py "
            f"on Python's path (sys.path){also}"
        ) from None
    if not hasattr(found, name):
        classes = [key for key, value in vars(found).items() if inspect.isclass(value)]
        near = difflib.get_close_matches(name, classes, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(classes) or 'none'}"
        raise SpecError(f"module {module!r} ({getattr(found, '__file__', 'no file')}) has no class {name!r}; {hint}")
    return getattr(found, name)


@contextlib.contextmanager
def _path_and(folder):
    """Python's path, and behind it a folder."""
    if folder is None:
        yield
        return
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _lend_caffe():
    """Let ``import caffe`` find ``cafe_edu.pycaffe`` if it would find nothing."""
    if "caffe" in sys.modules:
        return
    there = importlib.util.find_spec("caffe")
    if there is None or there.origin is None:  # a folder of that name, such as a copy of Caffe, is no module
        importlib.import_module("cafe_edu.pycaffe").install()
