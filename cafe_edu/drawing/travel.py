"""A recorded training: its loss curve with marks, and at each mark the first filters and some answers."""

import math

import numpy as np

from cafe_edu.drawing.mosaic import tile
from cafe_edu.drawing.picture import GREEN, RED, new_picture
from cafe_edu.drawing.progress import draw_curves, draw_first_filters


def draw_travel(recording, moments, inputs=None, labels=None):
    """Draw some moments of a recorded training side by side, under its loss curve.

    Parameters
    ----------
    recording : Recording
    moments : list of (iteration, filters, answers)
        Filters as `cafe_edu.drawing.progress.first_filters` returns them; answers are probabilities (n, classes), or
        None.
    inputs : array (n, C, H, W) or (n, ...), optional
        What the answers are to: images are shown, of others only the answers.
    labels : array (n,), optional
        The right answers.

    Returns
    -------
    Figure
    """
    figure = new_picture(10.5, 6.6, layout="none")
    curves = figure.add_axes((0.06, 0.72, 0.89, 0.22))
    draw_curves(curves, recording.train_record, recording.test_record, [iteration for iteration, _, _ in moments])
    for i, moment in enumerate(moments):
        left, width = 0.03 + 0.97 * i / len(moments), 0.9 / len(moments)
        places = (left, 0.36, width, 0.24), (left, 0.02, width, 0.26)
        _draw_moment(figure, places, moment, inputs, labels, 6)
    return figure


def draw_unmarked(recording):
    """Draw the loss curve, and leave room for one moment."""
    figure = new_picture(10.5, 4, layout="none")
    draw_curves(figure.add_axes((0.06, 0.14, 0.3, 0.74)), recording.train_record, recording.test_record)
    return figure


def mark_moment(figure, moment, inputs=None, labels=None):
    """Draw one moment on a figure of `draw_unmarked`; return the artists, in the order to draw them."""
    cursor = figure.axes[0].axvline(moment[0], color="#444444", lw=1.2, ls="--")
    places = (0.42, 0.1, 0.2, 0.76), (0.65, 0.06, 0.34, 0.8)
    return [cursor, *_draw_moment(figure, places, moment, inputs, labels, 8)]


def _draw_moment(figure, places, moment, inputs, labels, size):
    """Draw filters and answers at two places; return their axes."""
    iteration, filters, answers = moment
    drawn = [figure.add_axes(places[0])]
    title = f"iteration {iteration}" + (f"\nweights of {filters[0]}" if filters else "")
    drawn[0].set_title(title, fontsize=9)
    draw_first_filters(drawn[0], filters, title)
    if answers is not None:
        drawn.append(figure.add_axes(places[1]))
        _draw_answers(drawn[1], answers, inputs, labels, size)
    return drawn


def _draw_answers(axes, answers, inputs, labels, size):
    """Images with the answer to each: green where it is right; without images, a row for each input."""
    said = answers.argmax(1)
    right = np.ones(len(said), bool) if labels is None else said == labels
    if labels is not None:
        axes.set_title(f"{right.sum()} of {len(said)} right, p(right answer) {_sure(answers, labels):.0%}", fontsize=9)
    if inputs is None or np.ndim(inputs) != 4 or min(inputs.shape[2:]) < 2:
        axes.imshow(answers, cmap="viridis", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_xlabel("class", fontsize=8)
        axes.set_ylabel("input", fontsize=8)
        axes.tick_params(labelsize=7)
        return
    H, W = inputs.shape[2:]
    room, columns = math.ceil(0.4 * H), math.ceil(math.sqrt(2 * len(inputs)))  # above each image, for its answer
    low, high = inputs.min(), inputs.max()
    images = np.pad(inputs.mean(1), [(0, 0), (room, 0), (0, 0)], constant_values=high)
    axes.imshow(tile(images, columns, edge=high), cmap="gray", vmin=low, vmax=high + (high == low))
    axes.set_axis_off()
    for i, answer in enumerate(said):
        x, y = i % columns * (W + 1) + W / 2, i // columns * (H + room + 1) + room / 2
        color, weight = (GREEN, "normal") if right[i] else (RED, "bold")
        text = f"{answer} {answers[i, answer]:.0%}"
        axes.text(x, y, text, ha="center", va="center", fontsize=size, color=color, weight=weight)


def _sure(answers, labels):
    """The mean probability of the right answers."""
    return answers[np.arange(len(labels)), np.asarray(labels, int)].mean()
