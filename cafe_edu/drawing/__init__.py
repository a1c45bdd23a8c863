"""Figures: one file for each kind of picture. Each function returns a Figure, which a notebook shows.

Give ``figure=`` (a part of another figure, from ``subfigures``) to draw there.
"""

from cafe_edu.drawing.activations import draw_activations
from cafe_edu.drawing.answers import draw_answers
from cafe_edu.drawing.attribution import draw_attribution
from cafe_edu.drawing.class_models import draw_class_models
from cafe_edu.drawing.decision_regions import draw_decision_regions
from cafe_edu.drawing.dream import draw_dream
from cafe_edu.drawing.embedding import draw_embedding
from cafe_edu.drawing.inversion import draw_inversion
from cafe_edu.drawing.loss_surface import draw_loss_surface
from cafe_edu.drawing.mosaic import draw_images
from cafe_edu.drawing.neighbours import draw_neighbours
from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.quantization import draw_quantization
from cafe_edu.drawing.receptive_field import draw_receptive_field
from cafe_edu.drawing.top_images import draw_top_images
from cafe_edu.drawing.training import draw_training
from cafe_edu.drawing.weights import draw_filters
from cafe_edu.drawing.why import draw_why

__all__ = [
    "draw_activations", "draw_answers", "draw_attribution", "draw_class_models", "draw_decision_regions",
    "draw_dream", "draw_embedding", "draw_filters", "draw_images", "draw_inversion", "draw_loss_surface",
    "draw_neighbours", "draw_quantization", "draw_receptive_field", "draw_top_images", "draw_training", "draw_why",
    "new_picture",
]  # fmt: skip
