"""Figures: one file for each kind of picture. Each function returns a Figure, which a notebook shows.

Give ``figure=`` (a part of another figure, from ``subfigures``) to draw there. What is not asked for is not imported.
"""

import importlib

_WHERE = {
    "activations": ("draw_activation_histograms", "draw_activation_statistics", "draw_activations", "draw_dead_units"),
    "answers": ("draw_answers", "draw_confusion", "draw_hardest"),
    "attribution": ("draw_attribution",),
    "class_models": ("draw_class_models",),
    "data": ("draw_classes", "draw_transformed"),
    "decision_regions": ("draw_decision_regions",),
    "dream": ("draw_dream",),
    "embedding": ("draw_embedding",),
    "gradients": ("draw_gradient_flow", "draw_update_ratios"),
    "graph": ("draw_graph",),
    "inversion": ("draw_inversion",),
    "logs": ("draw_logs",),
    "loss_surface": ("draw_loss_surface",),
    "mosaic": ("draw_images",),
    "neighbours": ("draw_neighbours",),
    "picture": ("new_picture", "save_picture"),
    "profile": ("draw_costs", "draw_profile"),
    "quantization": ("draw_quantization",),
    "receptive_field": ("draw_receptive_field",),
    "top_images": ("draw_top_images",),
    "training": ("draw_runs", "draw_training"),
    "units": ("draw_units",),
    "weights": ("draw_filters", "draw_weight_change", "draw_weight_histograms", "draw_weight_norms"),
    "why": ("draw_why",),
}
_FILE = {name: file for file, names in _WHERE.items() for name in names}
__all__ = sorted(_FILE)


def __getattr__(name):
    if name not in _FILE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_FILE[name]}"), name)


def __dir__():
    return __all__
