"""cafe_edu: Caffe's anatomy (blob, layer, net, solver) in Python one can read.

This is the front door. A name is loaded when it is first used, so that the door opens at once.

>>> import cafe_edu
>>> cafe_edu.__all__
['Blob', 'Layer', 'Net', 'Solver', 'check_gradient', 'check_layer', 'make_layer', 'register']
>>> cafe_edu.Blob((2, 3))
Blob '' (2, 3) float32
"""

import importlib

_ROOMS = {
    "Blob": "blob",
    "Layer": "layer",
    "Net": "net",
    "Solver": "solver",
    "check_gradient": "testing",
    "check_layer": "testing",
    "make_layer": "testing",
    "register": "layer",
}

__all__ = list(_ROOMS)
__version__ = "0.1.0"


def __getattr__(name):
    if name not in _ROOMS:
        raise AttributeError(f"module 'cafe_edu' has no attribute {name!r}; it has {', '.join(_ROOMS)}")
    globals()[name] = value = getattr(importlib.import_module(f"cafe_edu.{_ROOMS[name]}"), name)
    return value


def __dir__():
    return sorted({*globals(), *_ROOMS})
