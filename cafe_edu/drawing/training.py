"""How a training went: loss and test accuracy against iterations; several trainings side by side."""

import itertools
import os

import numpy as np

from cafe_edu.drawing.picture import BLUE, CYCLE, ORANGE, RED, new_picture
from cafe_edu.errors import DataError, SpecError
from cafe_edu.tools.parse_log import ParsedLog, parse_log


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


def draw_runs(runs, smooth=20, figure=None):
    """Draw several trainings in one picture: left the training loss, right what the tests found.

    Parameters
    ----------
    runs : dict of str -> Solver, ParsedLog or path
        What the curves are called; a solver that has trained, or a log, Caffe's or ours.
    smooth : int
        Iterations (of a log: displayed losses) in the running mean that is drawn; the losses themselves are pale.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If a run has no losses.
    """
    if not runs or smooth < 1:
        raise SpecError(f"expected runs to compare and a smooth of 1 or more, found {len(runs)} runs, smooth {smooth}")
    tables = {name: _tables(name, run) for name, run in runs.items()}
    tested = any(tests for _, tests in tables.values())
    figure = figure or new_picture(11 if tested else 8, 4.5)
    left, *others = figure.subplots(1, 2 if tested else 1, squeeze=False)[0]
    wanted = "accuracy" if any("accuracy" in row for _, tests in tables.values() for row in tests) else "loss"
    tops = []
    for (name, (losses, tests)), color in zip(tables.items(), itertools.cycle(CYCLE)):
        x, y = np.array(losses).T
        left.plot(x, y, color=color, alpha=0.25, lw=0.8)
        span = min(smooth, len(y))
        mean = np.convolve(y, np.ones(span) / span, "valid")
        left.plot(x[span - 1 :], mean, color=color, label=name)
        tops.append(np.nanmax(mean, initial=0, where=np.isfinite(mean)))
        points = [(row["iter"], row[wanted] * (100 if wanted == "accuracy" else 1)) for row in tests if wanted in row]
        for axes in others if points else ():
            axes.plot(*np.array(points).T, "o-", color=color, ms=4, label=name)
    left.set_title("training loss" + (f", mean of {smooth}" if smooth > 1 else ""))
    left.set_ylabel("loss")
    left.set_ylim(0, 1.1 * max(tops) or 1)  # for the means: one wild batch would flatten all others
    for axes in others:
        axes.set_title(f"test {wanted}")
        axes.set_ylabel("%" if wanted == "accuracy" else "loss")
    for axes in (left, *others):
        axes.set_xlabel("iteration")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure


def _tables(name, run):
    """Losses, (iteration, loss) each, and tests, a dict each, of a run."""
    if isinstance(run, str | os.PathLike):
        run = parse_log(run)
    if isinstance(run, ParsedLog):
        losses = [(row["NumIters"], row["loss"]) for row in run.loss or run.train if "loss" in row]
        tests = [{"iter": row["NumIters"], **row} for row in run.test]
    else:
        losses = [(entry["iter"], entry["loss"]) for entry in run.train_record]
        tests = [entry for entry in run.test_record if entry["net"] == 0]
    if not losses:
        raise DataError(f"run {name!r}: expected a training with losses to draw, found none")
    return losses, tests
