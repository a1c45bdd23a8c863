"""Figures: one file for each kind of picture. Each function returns a Figure, which a notebook shows.

Give ``figure=`` (a part of another figure, from ``subfigures``) to draw there.
"""

from cafe_edu.drawing.activations import draw_activations
from cafe_edu.drawing.answers import draw_answers
from cafe_edu.drawing.mosaic import draw_images
from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.quantization import draw_quantization
from cafe_edu.drawing.training import draw_training
from cafe_edu.drawing.weights import draw_filters

__all__ = [
    "draw_activations", "draw_answers", "draw_filters", "draw_images", "draw_quantization", "draw_training",
    "new_picture",
]  # fmt: skip
