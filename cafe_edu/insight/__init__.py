"""Insight: what a net looks at, and what it has learned. One method, one file; numbers in, numbers out.

Each function takes a `Net` and arrays as the net sees them (scaled, the mean taken off) and leaves the net as it was:
it works on a twin with the same weights (see `cafe_edu.insight.twin`). The pictures are in `cafe_edu.drawing`.
"""

from cafe_edu.insight.deconvnet import deconvnet
from cafe_edu.insight.features import features
from cafe_edu.insight.grad_cam import grad_cam
from cafe_edu.insight.gradient_times_input import gradient_times_input
from cafe_edu.insight.guided_backprop import guided_backprop
from cafe_edu.insight.integrated_gradients import integrated_gradients
from cafe_edu.insight.invert import invert
from cafe_edu.insight.loss_surface import loss_surface
from cafe_edu.insight.maximize import class_model, deep_dream
from cafe_edu.insight.occlusion import occlusion
from cafe_edu.insight.receptive_field import receptive_field
from cafe_edu.insight.saliency import saliency
from cafe_edu.insight.top_images import top_images

__all__ = [
    "class_model", "deconvnet", "deep_dream", "features", "grad_cam", "gradient_times_input", "guided_backprop",
    "integrated_gradients", "invert", "loss_surface", "occlusion", "receptive_field", "saliency", "top_images",
]  # fmt: skip
