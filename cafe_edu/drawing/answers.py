"""What the net says of some images."""

import math

import numpy as np

from cafe_edu.drawing.picture import GREEN, RED, new_picture


def draw_answers(images, answers, truth=None, sure=None, columns=8, title="", figure=None):
    """Draw images with the net's answer above each: green where it is right, red with the right one where not.

    Parameters
    ----------
    images : array (n, 1, H, W) or (n, H, W)
    answers : sequence of n
    truth : sequence of n, optional
    sure : sequence of n floats, optional
        The probability that the net gives its answer.
    columns : int
    title : str
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    images = np.asarray(images).reshape(len(images), *np.shape(images)[-2:])
    rows = math.ceil(len(images) / columns)
    figure = figure or new_picture(columns, 1.3 * rows)
    figure.suptitle(title)
    for i, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if i >= len(images):
            continue
        axes.imshow(images[i], cmap="gray", interpolation="nearest")
        right = truth is None or answers[i] == truth[i]
        text = f"{answers[i]}" if sure is None else f"{answers[i]}  {100 * sure[i]:.0f} %"
        text += "" if right else f", is {truth[i]}"
        axes.set_title(text, color=GREEN if right else RED, fontsize=9)
    return figure
