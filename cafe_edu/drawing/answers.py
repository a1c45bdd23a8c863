"""What the net says of some images."""

import math

import numpy as np

from cafe_edu.drawing.mosaic import displayed
from cafe_edu.drawing.picture import GREEN, RED, grid_of_axes, new_picture
from cafe_edu.measures.classes import confusion, hardest

MANY = 30  #: more classes than one can count


def draw_answers(images, answers, truth=None, sure=None, columns=8, title="", figure=None):
    """Draw images with the net's answer above each: green where it is right, red with the right one where not.

    Parameters
    ----------
    images : array (n, H, W), (n, 1, H, W) or (n, 3, H, W)
        Three channels are shown as blue, green, red, the order in which Caffe keeps them.
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
    images = np.asarray(images)
    rows = math.ceil(len(images) / columns)
    figure = figure or new_picture(columns, 1.3 * rows)
    figure.suptitle(title)
    for i, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if i >= len(images):
            continue
        axes.imshow(displayed(images[i : i + 1])[0][0], cmap="gray", interpolation="nearest")
        right = truth is None or answers[i] == truth[i]
        text = f"{answers[i]}" if sure is None else f"{answers[i]}  {100 * sure[i]:.0f} %"
        text += "" if right else f", is {truth[i]}"
        axes.set_title(text, color=GREEN if right else RED, fontsize=9)
    return figure


def draw_confusion(labels, answers, names=None, figure=None):
    """Draw how often an item of each class (row) was taken for each class (column); shades are shares of a row.

    Of more than 30 classes, only those are drawn that occur.

    Parameters
    ----------
    labels, answers : sequence of n
        The right classes, and those that the net says.
    names : sequence of str, optional
        Of all classes; by default their numbers.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    counts = confusion(labels, answers, None if names is None else len(names))
    names = [str(k) if names is None else str(names[k]) for k in range(len(counts))]
    right, items = np.trace(counts), counts.sum()
    if len(counts) > MANY:
        seen = np.flatnonzero(counts.any(axis=0) | counts.any(axis=1))
        counts, names = counts[np.ix_(seen, seen)], [names[k] for k in seen]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    figure = figure or new_picture(*2 * [min(14, max(4.5, 1.6 + 0.42 * len(counts)))])
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(counts) <= MANY:
        for i, j in np.argwhere(counts):
            color = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=8, color=color)
    places = np.arange(0, len(counts), -(-len(counts) // (2 * MANY)))  # there is no room for more names
    shown = [names[k] for k in places]
    axes.set_xticks(places, shown, rotation=0 if max(map(len, shown)) < 3 else 90)
    axes.set_yticks(places, shown)
    axes.set_xlabel("answer of the net")
    axes.set_ylabel("right class")
    axes.set_title(f"{right:,} of {items:,} right ({right / items:.1%})")
    return figure


def draw_hardest(images, labels, probabilities, n=25, names=None, rgb=False, figure=None):
    """Draw the images whose right class got the least probability, the hardest first.

    Above each stands the right class with its probability, and the net's answer with that.

    Parameters
    ----------
    images : array (N, H, W), (N, 1, H, W) or (N, 3, H, W)
    labels : sequence of N
    probabilities : array (N, K)
    n : int
        How many.
    names : sequence of str, optional
        Of the classes; by default their numbers.
    rgb : bool
        Three channels are red, green, blue; else blue, green, red, as Caffe keeps them.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    worst = hardest(labels, probabilities, n)
    p, labels = np.asarray(probabilities), np.asarray(labels).ravel()
    names = range(p.shape[1]) if names is None else names
    shown, (low, high) = displayed(np.asarray(images)[worst], rgb=rgb)
    columns = math.ceil(math.sqrt(len(worst)))
    figure = figure or new_picture(1.6 * columns, 1.75 * math.ceil(len(worst) / columns) + 0.4)
    for axes, i, image in zip(grid_of_axes(figure, len(worst), columns), worst, shown, strict=True):
        axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        axes.set_axis_off()
        answer, label = p[i].argmax(), int(labels[i])
        text = f"is {names[label]}: {p[i, label]:.2f}"
        text += f"\nsays {names[answer]}: {p[i, answer]:.2f}" if answer != label else "\nright"
        axes.set_title(text, color=GREEN if answer == label else RED, fontsize=8)
    figure.suptitle(f"the hardest {len(worst)} of {len(p):,}")
    return figure
