"""An array that numpy cannot reach: what the strict stand-in for cupy has for ``cupy.ndarray``.

It keeps its numbers in a numpy array that nobody else sees, and lets them out only by the ways that cupy has:
``get``, ``item``, ``tolist``, ``float``, ``int``, ``bool`` and printing. Each is counted, because on a GPU each waits
until all work before it is done. So are masks as indices, ``nonzero`` and its like, which wait too: how long their
result is must be known here.

It does what cupy does: no numpy array is an operand; one number out of an array is still an array, and a view;
reductions give arrays of shape ``()``. In two things it is stricter. cupy's arrays answer numpy's functions
(``np.sum(x)``); these refuse, because the house asks ``array_module(x)``. And where cupy would copy a numpy array over
without a word (``x.take(indices)``, ``x[mask] = values``), these refuse too; only an index may be one, and is counted.
"""

import collections
import numbers

import numpy as np

from cafe_edu.testing.cupy_names import bind, read_names, signature_of

NAMES = read_names()
DTYPES = "?bhilqBHILQefdFD"
WAITS = {"nonzero", "argwhere", "flatnonzero", "unique", "compress", "extract"}  #: the length of the result is counted
IMPLICIT = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly."
)
BRING = "it cannot meet an array on the device; bring it there once, with xp.asarray"


class Transfers:
    """How often numbers crossed: ``to_host`` and ``to_device`` count them by the name of the way they took."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.to_host, self.to_device = collections.Counter(), collections.Counter()


TRANSFERS = Transfers()


def opened(value):
    """Return what numpy computes with; raise ``TypeError`` for what cupy does not compute with."""
    if isinstance(value, StrictArray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {np.ndarray}: {BRING}")
    if type(value) in (list, tuple):
        return type(value)(map(opened, value))
    return value


def closed(value):
    """Return what numpy found as cupy gives it: every number an array, however deep in lists."""
    if isinstance(value, np.ndarray | np.generic):
        return StrictArray(np.asarray(value))
    return type(value)(map(closed, value)) if type(value) in (list, tuple) else value


def apply(function, args, kwargs):
    """Run a numpy function on arrays of the device."""
    if function.__name__ in WAITS:
        TRANSFERS.to_host[function.__name__] += 1
    found = function(*map(opened, args), **{name: opened(value) for name, value in kwargs.items()})
    out = kwargs.get("out")
    return out if isinstance(out, StrictArray) else closed(found)


def elementwise(function, args, kwargs):
    """Run a ufunc, whose operands are arrays of the device or single numbers."""
    for value in args:
        if not isinstance(value, StrictArray | numbers.Number | np.bool_):
            raise TypeError(f"Unsupported type {type(value)}: {BRING}")
    return apply(function, args, kwargs)


class StrictArray:
    """An array on the device; made by the functions of the stand-in, never by hand."""

    __slots__ = ("_host",)
    __hash__ = None  # as every array that compares number by number

    def __init__(self, host):
        if host.dtype.char not in DTYPES:
            raise ValueError(f"Unsupported dtype {host.dtype}")
        self._host = host

    # the ways out, each counted -------------------------------------------------------------------------

    def _out(self, how):
        TRANSFERS.to_host[how] += 1
        return self._host

    def get(self, stream=None, order="C", out=None, blocking=True):
        host = self._out("get")
        if out is None:
            return host.copy(order)
        out[...] = host
        return out

    def item(self):
        return self._out("item").item()

    def tolist(self):
        return self._out("tolist").tolist()

    def __float__(self):
        return float(self._out("float"))

    def __int__(self):
        return int(self._out("int"))

    def __bool__(self):
        return bool(self._out("bool"))

    def __complex__(self):
        return complex(self._out("complex"))

    def __format__(self, how):
        return format(self._out("format").item() if how else str(self), how)

    def __str__(self):
        return str(self._out("str"))

    def __repr__(self):
        return repr(self._out("repr"))

    # the ways that are closed ---------------------------------------------------------------------------

    def __array__(self, dtype=None, copy=None):
        raise TypeError(IMPLICIT)

    def __array_function__(self, function, types, args, kwargs):
        raise TypeError(f"np.{function.__name__} was given an array that lives on the device: {_ask(function)}")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        scalars = all(isinstance(value, StrictArray | np.generic) for value in inputs)
        if scalars and any(isinstance(value, np.generic) for value in inputs) and not kwargs:
            return elementwise(ufunc, inputs, kwargs)  # a number of numpy's on the left: np.float32(2) * x
        if any(isinstance(value, np.ndarray) for value in (*inputs, *kwargs.get("out", ()))):
            raise TypeError(f"Unsupported type {np.ndarray}: {BRING}")
        raise TypeError(f"np.{ufunc.__name__} was given an array that lives on the device: {_ask(ufunc)}")

    # indexing and walking -------------------------------------------------------------------------------

    def __getitem__(self, index):
        return closed(self._host[_place(index)])

    def __setitem__(self, index, value):
        if isinstance(value, StrictArray):
            value = value._host
        elif np.ndim(value):
            raise ValueError(f"non-scalar {type(value).__name__} cannot be used for fill: {BRING}")
        self._host[_place(index)] = value

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def set(self, arr, stream=None):
        TRANSFERS.to_device["set"] += 1
        self._host[...] = arr


def _ask(function):
    return f"write xp.{function.__name__}, with xp = array_module(x) or self.xp"


def _place(index):
    """The index as numpy takes it; the ellipsis at its end keeps a single number an array, and a view."""
    parts = [_opened_index(part) for part in (index if isinstance(index, tuple) else (index,))]
    return tuple(parts if any(part is Ellipsis for part in parts) else [*parts, Ellipsis])


def _opened_index(part):
    if isinstance(part, np.ndarray | list):
        TRANSFERS.to_device["index"] += 1  # cupy takes these too, and copies them to the device each time
        return part
    if isinstance(part, StrictArray) and part.dtype == bool:
        TRANSFERS.to_host["mask"] += 1
    return opened(part)


def _alone(function):
    return lambda self: elementwise(function, (self,), {})


def _operator(function):
    return lambda self, other: elementwise(function, (self, other), {})


def _reflected(function):
    return lambda self, other: elementwise(function, (other, self), {})


def _in_place(function):
    return lambda self, other: elementwise(function, (self, other), {"out": self})


def _method(name, parameters):
    function, takes = getattr(np.ndarray, name), signature_of(f"self {parameters}")

    def method(self, *args, **kwargs):
        bind(name, takes, (self, *args), kwargs)
        return apply(function, (self, *args), kwargs)

    return method


def _attribute(name):
    return property(lambda self: closed(getattr(self._host, name)))


TWO_SIDED = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "lshift": "left_shift", "rshift": "right_shift", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "divmod": "divmod", "matmul": "matmul",
}  # fmt: skip
COMPARED = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"
}  # fmt: skip
ONE_SIDED = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}

for _short, _name in TWO_SIDED.items():
    setattr(StrictArray, f"__{_short}__", _operator(getattr(np, _name)))
    setattr(StrictArray, f"__r{_short}__", _reflected(getattr(np, _name)))
    if _short not in ("divmod", "matmul"):  # cupy has no `@=` of its own
        setattr(StrictArray, f"__i{_short}__", _in_place(getattr(np, _name)))
for _short, _name in COMPARED.items():
    setattr(StrictArray, f"__{_short}__", _operator(getattr(np, _name)))
for _short, _name in ONE_SIDED.items():
    setattr(StrictArray, f"__{_short}__", _alone(getattr(np, _name)))
for _name, _parameters in NAMES["methods"].items():
    if hasattr(np.ndarray, _name) and not hasattr(StrictArray, _name) and _name not in ("dump", "dumps", "tofile"):
        setattr(StrictArray, _name, _method(_name, _parameters))
for _name in NAMES["attributes"]:
    if hasattr(np.ndarray, _name) and _name not in ("base", "data", "flat", "device"):
        setattr(StrictArray, _name, _attribute(_name))
