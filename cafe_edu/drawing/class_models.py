"""What a net has learned: the image that each class likes best."""

import math

from cafe_edu.drawing.picture import new_picture
from cafe_edu.drawing.pixels import show_pixels
from cafe_edu.insight.maximize import class_model
from cafe_edu.insight.objective import score_of


def draw_class_models(net, targets, names=None, columns=5, mean=None, figure=None, **options):
    """Draw for each class or unit an image that makes its score as large as it gets, with that score.

    Parameters
    ----------
    net : Net
    targets : sequence of int, (str, int) or (str, int, int, int)
    names : sequence of str, optional
        What the targets are called.
    columns : int
    mean : float or sequence, optional
        What is taken off the channels of the net's images.
    figure : Figure or SubFigure, optional
    **options
        Of `cafe_edu.insight.class_model`: steps, limits, ...

    Returns
    -------
    Figure
    """
    targets = list(targets)
    columns = min(columns, len(targets))
    rows = math.ceil(len(targets) / columns)
    figure = figure or new_picture(max(4, 1.9 * columns), 2.2 * rows + 0.4)
    figure.suptitle(f"what {net.name or 'the net'} likes best")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for k, (one, target) in enumerate(zip(axes, targets, strict=False)):
        image = class_model(net, target, **options)
        score = score_of(net, target, places="mean")(image[None])[0]
        name = names[k] if names is not None else _name(target)
        show_pixels(one, image, f"{name}\nscore {score:.3g}", mean)
    for one in axes[len(targets) :]:
        one.set_axis_off()
    return figure


def _name(target):
    """A target in words.

    >>> _name(3), _name(("conv1", 5))
    ('class 3', 'conv1, unit 5')
    """
    if isinstance(target, tuple | list):
        return f"{target[0]}, unit {', '.join(map(str, target[1:]))}"
    return f"class {target}"
