"""A strict stand-in for cupy: what runs on it uses nothing that cupy lacks.

cupy needs a GPU, and most machines that run the tests have none. Inside ``with strict_cupy():`` the device "gpu" is
this module: it has the functions, parameters and ufunc methods that cupy has (``cupy_names.json``) and no others, its
arrays (``strict_array.py``) never mix with numpy's, and every crossing is counted. numpy computes, so its numbers are
numpy's to the last bit. An array of unknown contents (``empty``) holds NaN, so that reading it shows.

What it cannot show: cupy's own rounding and speed, indices out of range (cupy wraps them round, this raises), and two
threads that write to one place.
"""

import contextlib
import sys
import types

import numpy as np

from cafe_edu import device
from cafe_edu.testing.cupy_names import bind, signature_of
from cafe_edu.testing.strict_array import NAMES, TRANSFERS, StrictArray, apply, elementwise

#: functions that take numbers of the host over to the device
ENTRANCES = {"array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"}
#: names of first parameters that must be arrays; a list has not the methods that cupy calls
ARRAYS = {"a", "x", "ar", "ary", "arr", "array", "condition", "element", "m", "prototype"}
#: types that many threads of a GPU can add to one place
SCATTERED = {"int32", "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128"}
#: functions that answer yes or no, which for cupy is an array too
QUESTIONS = {"allclose", "array_equal", "array_equiv"}


@contextlib.contextmanager
def strict_cupy(kernels=False):
    """Let the stand-in be cupy, for as long as the block runs; nets and arrays made inside are of no use outside.

    Parameters
    ----------
    kernels : bool
        Have ``RawKernel`` too, by which engine ``fast_gpu`` computes; it needs a C++ compiler (``cuda_on_cpu.py``).

    Yields
    ------
    module
        Its ``transfers`` count crossings by name, ``to_host`` ("get", "float", "bool", ...) and ``to_device``.

    Examples
    --------
    >>> from cafe_edu.device import array_module, module_of
    >>> with strict_cupy() as gpu:
    ...     x = module_of("gpu").asarray([1.0, 2.0])
    ...     total = float(array_module(x).sum(x))
    >>> total, dict(gpu.transfers.to_host), dict(gpu.transfers.to_device)
    (3.0, {'float': 1}, {'asarray': 1})
    """
    absent = object()
    before, gpu = sys.modules.get("cupy", absent), StrictCupy()
    if kernels:
        from cafe_edu.testing.cuda_on_cpu import RawKernel

        gpu.RawKernel = RawKernel
    TRANSFERS.clear()
    sys.modules["cupy"] = gpu
    device.cupy.cache_clear()  # it looks for cupy once, and now finds another
    try:
        yield gpu
    finally:
        del sys.modules["cupy"]
        if before is not absent:
            sys.modules["cupy"] = before
        device.cupy.cache_clear()


class StrictCupy(types.ModuleType):
    """The module; a name is looked up in ``cupy_names.json`` when it is first asked for."""

    ndarray = StrictArray

    def __init__(self):
        super().__init__("strict_cupy")
        self.__version__ = f"{NAMES['cupy']} (strict stand-in)"
        self.transfers = TRANSFERS
        about = {"name": b"strict stand-in for cupy"}
        runtime = types.SimpleNamespace(getDeviceProperties=lambda number: about)
        stream = types.SimpleNamespace(synchronize=lambda: TRANSFERS.to_host.update(["synchronize"]))  # a wait, too
        self.cuda = types.SimpleNamespace(
            is_available=lambda: True, runtime=runtime, get_current_stream=lambda: stream
        )

    def __getattr__(self, name):
        if name in NAMES["ufuncs"]:
            value = StrictUfunc(name)
        elif name in ENTRANCES:
            value = Entrance(name)
        elif name in NAMES["functions"] and hasattr(np, name):
            value = StrictFunction(name)
        elif name in NAMES["same"]:
            value = getattr(np, name)
        elif name in NAMES["other"] or name in NAMES["functions"]:
            raise AttributeError(f"cupy has {name!r}, its strict stand-in does not: nothing here uses it so far")
        else:
            hint = "; numpy has: write this with what both have" if hasattr(np, name) else ""
            raise AttributeError(f"module 'cupy' has no attribute {name!r}{hint}")
        setattr(self, name, value)
        return value

    @staticmethod
    def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
        """Return numpy's array with the same numbers."""
        return a.get(order=order, out=out) if isinstance(a, StrictArray) else np.asarray(a, order=order)

    def get_array_module(self, *args):
        """Return this module if one of the arguments lives here, else numpy."""
        return self if any(isinstance(value, StrictArray) for value in args) else np


class StrictFunction:
    """A function that numpy and cupy have, with the parameters that cupy's takes."""

    def __init__(self, name):
        self.__name__, self.function = name, getattr(np, name)
        self.signature = signature_of(NAMES["functions"][name])

    def __call__(self, *args, **kwargs):
        given = bind(self.__name__, self.signature, args, kwargs)
        first, value = next(iter(given.items()), (None, None))
        if first in ARRAYS and isinstance(value, list | tuple):
            raise AttributeError(f"cupy's {self.__name__}() takes an array: {type(value).__name__!r} object is none")
        found = apply(self.function, args, kwargs)
        if self.__name__.startswith("empty"):
            found._host[...] = unknown(found.dtype)
        return StrictArray(np.asarray(found)) if self.__name__ in QUESTIONS else found


class Entrance(StrictFunction):
    """A function that makes an array of the device from anything; what comes from the host is copied, and counted."""

    def __call__(self, *args, **kwargs):
        value, *_ = bind(self.__name__, self.signature, args, kwargs).values()
        kwargs.pop("blocking", None)
        if _on_device(value):
            return apply(self.function, args, kwargs)
        TRANSFERS.to_device[self.__name__] += 1
        return StrictArray(self.function(*args, **kwargs).copy())


class StrictUfunc:
    """A ufunc, with the keywords and the methods that cupy's takes."""

    def __init__(self, name):
        self.__name__, self.ufunc = name, getattr(np, name)
        self.methods = NAMES["ufuncs"][name].split()

    def __call__(self, *args, **kwargs):
        wrong = {name: value for name, value in kwargs.items() if name not in ("out", "dtype", "casting")}
        if wrong:
            raise TypeError(f"Wrong arguments {wrong}")
        nin = getattr(self.ufunc, "nin", 1)
        if len(args) > nin:  # outputs may stand behind the inputs
            kwargs["out"] = args[nin] if len(args) == nin + 1 else args[nin:]
        return elementwise(self.ufunc, args[:nin], kwargs)

    def _method(self, name, args, kwargs):
        if name not in self.methods:
            raise NotImplementedError(f"`cupy_{self.__name__}.{name}` is not supported yet")
        return apply(getattr(self.ufunc, name), args, kwargs)

    def at(self, a, indices, b=None):
        """Apply the operation to ``a`` at each of ``indices``, one after the other."""
        if self.__name__ == "add" and a.dtype.name not in SCATTERED:
            raise TypeError(f"add.at only supports {', '.join(sorted(SCATTERED))}, found {a.dtype}")
        return self._method("at", (a, indices, *([] if b is None else [b])), {})

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        """Combine all numbers along an axis."""
        return self._method("reduce", (array,), {"axis": axis, "dtype": dtype, "out": out, "keepdims": keepdims})

    def accumulate(self, array, axis=0, dtype=None, out=None):
        """Combine all numbers up to each place along an axis."""
        return self._method("accumulate", (array,), {"axis": axis, "dtype": dtype, "out": out})

    def reduceat(self, array, indices, axis=0, dtype=None, out=None):
        """Combine the numbers of each slice of an axis."""
        return self._method("reduceat", (array, indices), {"axis": axis, "dtype": dtype, "out": out})

    def outer(self, A, B, **kwargs):
        """Combine each number of A with each of B."""
        return self(A.reshape(*A.shape, *[1] * B.ndim), B, **kwargs)


def unknown(dtype):
    """Return what fills an array of unknown contents, so that reading it shows: NaN, or the largest number."""
    return np.nan if dtype.kind in "fc" else np.iinfo(dtype).max if dtype.kind in "iu" else True


def _on_device(value):
    """Is this an array of the device, or a list with one in it?"""
    return isinstance(value, StrictArray) or (isinstance(value, list | tuple) and any(map(_on_device, value)))
