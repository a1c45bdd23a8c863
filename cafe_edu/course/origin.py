"""Where the reader's object comes from: which cell made it, whether that cell ran to its end, and its source."""

import ast
import inspect
import linecache
import sys

_ENDED = {}  # execution count -> "" or the error with which the cell stopped


def shell():
    """Return IPython's shell, or None where Python runs without."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def watch_cells():
    """From now on remember how each cell ended; does nothing outside IPython."""
    running = shell()
    if running is not None and _note_end not in running.events.callbacks["post_run_cell"]:
        running.events.register("post_run_cell", _note_end)


def _note_end(result):
    error = result.error_before_exec or result.error_in_exec
    _ENDED[result.execution_count] = "" if error is None else type(error).__name__


def cell_of(name, thing):
    """Return the execution count of the cell that made ``thing`` under ``name``, or None."""
    running = shell()
    if running is None:
        return None
    code = _code_of(thing)
    described = running.compile.format_code_name(code.co_filename) if code else None
    if described:
        return int("".join(filter(str.isdigit, described[1])))
    history = running.user_ns.get("In", [])
    for count in range(len(history) - 1, 0, -1):
        if _binding(_plain(running, history[count]), name) is not None:
            return count
    return None


def place_of(name, thing):
    """Say where ``thing`` is from, " from cell [14]" or " from answers.py"; "" if nobody knows."""
    count = cell_of(name, thing)
    if count is not None:
        return f" from cell [{count}]"
    code = _code_of(thing)
    return (
        ""
        if code is None or code.co_filename[0] == "<"
        else f" from {code.co_filename.replace(chr(92), '/').split('/')[-1]}"
    )


def stopped_with(name, thing):
    """Return (cell, error) if the cell that made ``thing`` did not run to its end, else None."""
    count = cell_of(name, thing)
    return (count, _ENDED[count]) if _ENDED.get(count) else None


def source_of(name, thing):
    """Return the lines that made ``thing``: a def, a class or an assignment; None if they cannot be found."""
    running, count, code = shell(), cell_of(name, thing), _code_of(thing)
    text = "".join(linecache.getlines(code.co_filename)) if code else ""
    if not text and count is not None:
        text = _plain(running, running.user_ns["In"][count])
    node = _binding(text, name) or (code and _binding(text, getattr(thing, "__name__", "")))
    if node is None:
        return None
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return "\n".join(text.split("\n")[first - 1 : node.end_lineno])


def _plain(running, cell):
    """A cell as Python alone, its magic commands made calls; "" if it is not Python."""
    try:
        return running.transform_cell(cell)
    except SyntaxError:
        return ""


def _code_of(thing):
    """The code of a function, or of the first method of a class."""
    thing = inspect.unwrap(thing) if callable(thing) and hasattr(thing, "__wrapped__") else thing
    if inspect.isclass(thing):
        methods = [value for value in vars(thing).values() if inspect.isfunction(value)]
        return methods[0].__code__ if methods else None
    return getattr(getattr(thing, "__func__", thing), "__code__", None)


def _binding(text, name):
    """Return the last statement of ``text`` that gives ``name`` its value, or None."""
    try:
        statements = ast.parse(text).body
    except SyntaxError:
        return None
    for node in reversed(statements):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if node.name == name:
                return node
        elif any(isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store)
                 for part in ast.walk(node)):  # fmt: skip
            return node
    return None
