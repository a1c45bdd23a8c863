"""Why this answer: what all methods say of one image, side by side."""

import math

import numpy as np

from cafe_edu import insight
from cafe_edu.arrays.softmax import softmax
from cafe_edu.drawing.attribution import lay_over
from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import show_pixels
from cafe_edu.errors import SpecError
from cafe_edu.insight.grad_cam import has_maps, last_maps, strongest_unit
from cafe_edu.insight.objective import Objective, score_of
from cafe_edu.insight.targets import as_item, find_target, scores_position


def _summed(method):
    """What the channels of a pixel give together."""
    return lambda net, image, target: method(net, image, target).sum(axis=0)


METHODS = {
    "saliency": ("saliency", insight.saliency),
    "gradient_times_input": ("gradient x input", _summed(insight.gradient_times_input)),
    "integrated_gradients": ("integrated gradients", _summed(insight.integrated_gradients)),
    "guided_backprop": ("guided backpropagation", insight.guided_backprop),
    "deconvnet": ("deconvnet", lambda net, image, target: insight.deconvnet(net, image, _unit(net, image, target))),
    "grad_cam": ("Grad-CAM", insight.grad_cam),
    "occlusion": ("occlusion", insight.occlusion),
}


def _unit(net, image, target):
    """What a deconvnet is made for: the one unit that gives most to a class; a unit as it is."""
    if isinstance(target, tuple | list) or not has_maps(net, target):
        return target
    return strongest_unit(net, image, target)


def draw_why(net, image, target=None, methods=None, names=None, mean=None, figure=None):
    """Draw what several methods say of which pixels matter for an answer.

    Yellow (of a map without signs) is much; red speaks for the target, blue against it; guided backpropagation and
    deconvnet are pictures, gray for 0. Methods that disagree are no fault of the drawing: each asks another question.

    Parameters
    ----------
    net : Net
    image : array (C, H, W)
        As the net sees it; C is 1 or 3.
    target : int, (str, int) or (str, int, int, int), optional
        A class or a unit (see `cafe_edu.insight.targets.find_target`); by default the class with the highest score.
    methods : sequence of str, optional
        Names of functions in `cafe_edu.insight`; by default all seven; Grad-CAM where there are maps. Occlusion
        takes longest.
    names : sequence of str, optional
        What the classes are called.
    mean : float or sequence, optional
        What was taken off the image's channels.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure

    Raises
    ------
    SpecError
        If there is no such method.
    """
    for name in methods or ():
        if name not in METHODS:
            raise SpecError(f"no method {name!r}; there are {', '.join(METHODS)}")
    target, title = _asked(net, image, target, names)
    if methods is None:
        methods = [name for name in METHODS if name != "grad_cam" or has_maps(net, target)]
    columns = min(4, len(methods) + 1)
    rows = math.ceil((len(methods) + 1) / columns)
    figure = figure or new_picture(2.7 * columns, 2.9 * rows + 0.4)
    figure.suptitle(title)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    show_pixels(axes[0], image, "image", mean)
    for one, name in zip(axes[1:], methods, strict=False):
        title, method = METHODS[name]
        if name == "grad_cam":
            title += f" of {last_maps(net, target)}"
        if name == "deconvnet" and _unit(net, image, target) != target:
            title += " of its strongest unit"
        lay_over(one, image, method(net, image, target), title, mean)
    for one in axes[len(methods) + 1 :]:
        one.set_axis_off()
    return figure


def _asked(net, image, target, names):
    """The target, and the question in words."""
    if isinstance(target, tuple | list):
        value = score_of(net, target)(as_item(net, find_target(net, target).position, image))[0]
        place = f" at row {target[2]}, column {target[3]}" if len(target) == 4 else ""
        return target, f"Why does unit {target[1]} of {target[0]}{place} say {value:.3g}?"
    i = scores_position(net)
    scores = Objective(net, i, None).activations(as_item(net, i, image))
    scores = scores.reshape(1, scores.shape[1], -1).max(axis=2)
    target = int(scores.argmax()) if target is None else target
    find_target(net, target)
    p = softmax(scores, axis=1)[0, target]
    name = names[target] if names is not None else f"class {target}"
    return target, f"Why {name}? Score {scores[0, target]:.3g}, probability {np.round(100 * p, 1):g} %"
