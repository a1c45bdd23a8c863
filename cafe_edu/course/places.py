"""Places in the source of the package: a file, or a function or class in it."""

import ast
import functools
import inspect
import pathlib

PACKAGE = pathlib.Path(__file__).parents[1]


@functools.cache
def symbols():
    """Return ``{symbol: [files in which it is defined]}`` of the house: "Net.backward", "softmax".

    pycaffe's names, which are the house's once more, and the course itself are left out.
    """
    found = {}
    for file in files():
        if not file.startswith(("cafe_edu/course/", "cafe_edu/pycaffe/")) and not file.endswith("_pb2.py"):
            text = (PACKAGE.parent / file).read_text(encoding="utf-8")
            for symbol in _symbols_of(ast.parse(text), ""):
                found.setdefault(symbol, []).append(file)
    return found


def files():
    """Return the package's files, "cafe_edu/net.py"."""
    return [f"cafe_edu/{path.relative_to(PACKAGE).as_posix()}" for path in sorted(PACKAGE.rglob("*.py"))]


def places(answer):
    """Return every (file, symbol) that ``answer`` may mean; the symbol is "" where it names a file alone.

    Parameters
    ----------
    answer : str, pair of str, or object
        "cafe_edu/net.py:Net.backward", ("net.py", "Net.backward"), "Net.backward", "cafe_edu/net.py", or the
        function, class or module itself.

    Examples
    --------
    >>> places("Net.backward")
    [('cafe_edu/net.py', 'Net.backward')]
    >>> from cafe_edu import Net
    >>> places(Net.backward) == places(("net.py", "backward")) == places("cafe_edu/net.py:Net.backward")
    True
    >>> places("cafe_edu/nett.py")
    []
    """
    if isinstance(answer, str) and ":" in answer:
        answer = tuple(part.strip(" :") for part in answer.split(":", 1))
    if isinstance(answer, tuple | list) and len(answer) == 2 and all(isinstance(part, str) for part in answer):
        file, symbol = answer
        in_files = _of_file(file)
        inside = [place for place in _of_symbol(symbol) if place[0] in in_files]
        return [place for place in inside if place[1] == symbol] or inside
    if isinstance(answer, str):
        if answer.endswith(".py") or "/" in answer or "\\" in answer:
            return [(file, "") for file in _of_file(answer)]
        return _of_symbol(answer)
    thing = inspect.unwrap(getattr(answer, "fget", None) or answer) if callable(answer) or answer else answer
    try:
        path = pathlib.Path(inspect.getsourcefile(thing)).resolve().relative_to(PACKAGE.resolve()).as_posix()
    except (TypeError, ValueError, OSError):
        return []
    return [(f"cafe_edu/{path}", getattr(thing, "__qualname__", ""))]


def _symbols_of(node, inside):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield inside + child.name
            yield from _symbols_of(child, f"{inside}{child.name}.")
        elif isinstance(child, ast.Assign) and not inside.count("."):
            yield from (inside + target.id for target in child.targets if isinstance(target, ast.Name))


def _of_symbol(symbol):
    """Every place of a symbol, those inside a class too: "backward" is in many."""
    symbol = symbol.strip().removesuffix("()").removeprefix("cafe_edu.")
    return [(file, name) for name, found in symbols().items() for file in found
            if name == symbol or name.endswith(f".{symbol}")
            or f"{file[9:-3].replace('/', '.')}.{name}" == symbol]  # fmt: skip


def _of_file(asked):
    """The files that may be meant: written from the repository or the package, or only by the end of the path."""
    asked = asked.strip().replace("\\", "/").removeprefix("./")
    named = [file for file in files() if file in (asked, f"cafe_edu/{asked}") or asked.endswith(f"/{file}")]
    return named or [file for file in files() if file.endswith(f"/{asked}")]
