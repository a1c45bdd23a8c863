"""Widgets: figures that answer. One widget, one file; each has a static twin, ``show_static()``, for paper.

A widget is made by one call and shows itself as the last value of a cell. A name is loaded when it is first used, so
that nobody who wants no widget waits for them.

>>> import cafe_edu.widgets
>>> cafe_edu.widgets.__all__  # doctest: +NORMALIZE_WHITESPACE
['ConvExplorer', 'DrawDigit', 'GradientCheck', 'LayerGallery', 'NetXray', 'OptimizerRace', 'Playground2D',
 'SyncedMemoryView', 'TimeTravel', 'TrainingPanel']
"""

import importlib

_FILES = {
    "ConvExplorer": "conv_explorer",
    "DrawDigit": "draw_digit",
    "GradientCheck": "gradient_check",
    "LayerGallery": "layer_gallery",
    "NetXray": "net_xray",
    "OptimizerRace": "optimizer_race",
    "Playground2D": "playground_2d",
    "SyncedMemoryView": "synced_memory_view",
    "TimeTravel": "time_travel",
    "TrainingPanel": "training_panel",
}

__all__ = list(_FILES)


def __getattr__(name):
    if name not in _FILES:
        raise AttributeError(f"module 'cafe_edu.widgets' has no attribute {name!r}; it has {', '.join(_FILES)}")
    globals()[name] = value = getattr(importlib.import_module(f"cafe_edu.widgets.{_FILES[name]}"), name)
    return value


def __dir__():
    return sorted({*globals(), *_FILES})
