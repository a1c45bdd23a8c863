"""A training as it goes on: loss, test scores, first filters, and the slopes that reach each layer."""

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.drawing.mosaic import tile
from cafe_edu.drawing.picture import BLUE, GREEN, ORANGE, new_picture

MOST = 500  #: points in a curve: more are not told apart


def draw_progress(solver):
    """Draw where a training stands; drawn soon, as it is drawn often.

    Parameters
    ----------
    solver : Solver
        After some iterations.

    Returns
    -------
    Figure
    """
    figure = new_picture(11, 3.6, layout="none")
    draw_curves(figure.add_axes((0.06, 0.15, 0.34, 0.73)), solver.train_record, solver.test_record)
    draw_first_filters(figure.add_axes((0.48, 0.12, 0.2, 0.74)), first_filters(solver.net))
    _draw_slopes(figure.add_axes((0.77, 0.15, 0.21, 0.73)), slopes(solver.net))
    return figure


def draw_curves(axes, train_record, test_record, cursors=()):
    """Draw the loss against iterations, and what tests found on an axis of its own; ``cursors`` are marked."""
    step = max(1, len(train_record) // MOST)
    iters = np.array([entry["iter"] for entry in train_record[::step]])
    loss = np.array([entry["loss"] for entry in train_record])
    width = max(1, len(loss) // 25)
    axes.plot(iters, loss[::step], color=BLUE, alpha=1 if width == 1 else 0.3, lw=0.8)
    if width > 1:
        mean = np.convolve(loss, np.ones(width) / width, "valid")
        axes.plot([e["iter"] for e in train_record[width - 1 :]][::step], mean[::step], color=BLUE)
    finite = loss[np.isfinite(loss)]
    axes.set_ylim(0, 1.05 * (np.max(finite, initial=0) or 1))
    axes.set_title(f"loss{f', and its mean over {width}' if width > 1 else ''}", color=BLUE, fontsize=9, loc="left")
    axes.set_xlabel("iteration", fontsize=9)
    axes.tick_params(labelsize=8)
    for at in cursors:
        axes.axvline(at, color="#444444", lw=1.2, ls="--")
    scores = [(e["iter"], e["accuracy"]) for e in test_record if e["net"] == 0 and "accuracy" in e]
    if scores:
        right = axes.twinx()
        right.plot(*zip(*scores, strict=True), "s-", color=ORANGE, ms=3)
        right.set_ylim(0, 1)
        right.tick_params(labelsize=8)
        right.set_title(f"test accuracy {100 * scores[-1][1]:.1f} %", color="#a06a00", fontsize=9, loc="right")


def first_filters(net):
    """Return (name, tiles (n, h, w)) of the first layer with weights to be drawn; None for a net without weights.

    A convolution's kernels; an inner product's rows where they can be laid out as images, else its matrix.
    """
    for step in net.steps:
        if not step.layer.params:
            continue
        W, x = to_numpy(step.layer.params[0].data), step.bottom[0].shape if step.bottom else ()
        if W.ndim == 4:
            return step.layer.name, W.reshape(-1, *W.shape[2:])
        if W.ndim == 2:
            images = len(x) == 4 and W.shape[1] == np.prod(x[1:]) and x[2] > 1
            return step.layer.name, W.reshape(-1, *x[2:]) if images else W[np.newaxis]
    return None


def draw_first_filters(axes, found, title=None):
    """Draw tiles as a mosaic, blue below zero, red above; at most 64 of them."""
    axes.set_axis_off()
    if found is None:
        return
    name, tiles = found
    tiles = tiles[:64]
    most = float(np.abs(tiles[np.isfinite(tiles)]).max(initial=0)) or 1.0
    axes.imshow(tile(tiles), cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest", aspect="equal")
    axes.set_title(f"weights of {name}" if title is None else title, fontsize=9)


def slopes(net):
    r"""Return {layer name: mean size of the slopes that reach its output}, of layers with weights, first to last.

    .. math:: \tfrac{1}{n} \sum \left|\partial L / \partial y\right|

    As `cafe_edu.debug_info` measures it.
    """
    steps = [step for step in net.steps if step.layer.params and step.backward and step.top]
    return {step.layer.name: float(np.abs(to_numpy(step.top[0].diff)).mean()) for step in steps}


def _draw_slopes(axes, sizes):
    """Bars on a log scale; drawn from logarithms, as matplotlib's own log axis takes long."""
    axes.set_title("mean |slope| that reaches each layer,\na tick for each factor of 10", fontsize=9)
    logs = {name: np.log10(size) for name, size in sizes.items() if 0 < size < np.inf}
    low, high = np.floor(min(logs.values(), default=0)) - 1, np.ceil(max(logs.values(), default=0))
    axes.set(xlim=(low, high + 1), ylim=(len(sizes) - 0.4, -0.6))
    axes.set_xticks(np.arange(low, high + 2), [])
    axes.set_yticks(range(len(sizes)), list(sizes), fontsize=8)
    for i, (name, size) in enumerate(sizes.items()):
        axes.barh(i, logs.get(name, low) - low, left=low, color=GREEN)
        axes.text(logs.get(name, low), i, f" {size:.1e}" if name in logs else f" {size:g}", va="center", fontsize=8)
