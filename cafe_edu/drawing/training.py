"""How a training went: loss and test accuracy against iterations."""

import numpy as np

from cafe_edu.drawing.picture import BLUE, ORANGE, RED, new_picture


def draw_training(solver, title=None, smooth=20, figure=None):
    """Draw the loss of each batch (pale), its running mean, and what the tests found.

    Parameters
    ----------
    solver : Solver
        With a ``train_record``; ``test_record`` is drawn where there is one.
    title : str, optional
    smooth : int
        Iterations in the running mean.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    figure = figure or new_picture()
    axes = figure.subplots()
    iters = [entry["iter"] for entry in solver.train_record]
    loss = np.array([entry["loss"] for entry in solver.train_record])
    axes.plot(iters, loss, color=BLUE, alpha=0.25, linewidth=0.8)
    if len(loss) >= smooth:
        mean = np.convolve(loss, np.ones(smooth) / smooth, "valid")
        axes.plot(iters[smooth - 1 :], mean, color=BLUE, label=f"training loss, mean of {smooth}")
    tests = [entry for entry in solver.test_record if entry["net"] == 0]
    if tests and "loss" in tests[0]:
        axes.plot([t["iter"] for t in tests], [t["loss"] for t in tests], "o-", color=RED, ms=4, label="test loss")
    axes.set_xlabel("iteration")
    axes.set_ylabel("loss")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{solver.net.name} learns" if title is None else title)
    handles, labels = axes.get_legend_handles_labels()
    if tests and "accuracy" in tests[0]:
        right = axes.twinx()
        right.plot(
            [t["iter"] for t in tests], [100 * t["accuracy"] for t in tests], "s-", color=ORANGE, ms=4,
            label="test accuracy",
        )  # fmt: skip
        right.set_ylabel("test accuracy (%)")
        right.set_ylim(0, 100)
        more = right.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    axes.legend(handles, labels, loc="center right", frameon=False)
    return figure
