"""How the slopes flow back, and how large the steps are."""

import numpy as np

from cafe_edu.drawing.picture import BLACK, BLUE, ORANGE, RED, decades, new_picture, write_in_row
from cafe_edu.measures.gradients import gradient_flow, update_ratios

THUMB = 1e-3  #: the update-to-weight ratio that the rule of thumb wants


def draw_gradient_flow(net, figure=None):
    """Draw the gradients of a net, layer by layer on a log scale: left those of blobs, right those of parameters.

    A bar holds four fifths of the sizes that are not zero, its dot is their median; the diamond is the norm of all.
    Where dots move left from the bottom up, gradients vanish on their way back; where they move right, they explode.

    Parameters
    ----------
    net : Net
        After ``net.forward()`` and ``net.backward()``.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    rows = gradient_flow(net)
    parts = [[row for row in rows if not row.is_param], [row for row in rows if row.is_param]]
    figure = figure or new_picture(11, 1.8 + 0.24 * max(map(len, parts)))
    titles = "of blobs (what flows back)", "of parameters (what is learned from)"
    for axes, some, title, color in zip(figure.subplots(1, 2), parts, titles, (BLUE, ORANGE), strict=True):
        alive = [(place, row) for place, row in enumerate(some) if row.norm and not row.bad]
        axes.hlines([p for p, _ in alive], [r.low for _, r in alive], [r.high for _, r in alive], color=color, lw=5,
                    alpha=0.5, label="10 to 90 % of sizes")  # fmt: skip
        axes.plot([r.middle for _, r in alive], [p for p, _ in alive], "o", color=color, label="median size")
        axes.plot([r.norm for _, r in alive], [p for p, _ in alive], "D", color=BLACK, mfc="none", label="norm of all")
        _rows(axes, [row.name for row in some], [x for _, r in alive for x in (r.low, r.high, r.norm)])
        for place in sorted(set(range(len(some))) - {place for place, _ in alive}):
            write_in_row(axes, place, f"{some[place].bad:,} nan or infinite" if some[place].bad else "all zero")
        axes.set_title(f"gradients {title}", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(f"{net.name}: gradients, first layer on top")
    return figure


def draw_update_ratios(solver, figure=None):
    """Draw the size of the last update of each parameter as a part of the parameter's, with a line at 1e-3.

    Parameters
    ----------
    solver : Solver
        Right after ``solver.step``.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    rows = update_ratios(solver)
    figure = figure or new_picture(8, 1.8 + 0.26 * len(rows))
    axes = figure.subplots()
    flat = {(param.layer, param.index): len(param.blob.shape) < 2 for param in solver.net.learnable}
    looks = {False: ("o", BLUE, BLUE, "weights"), True: ("o", ORANGE, "none", "biases and other rows of numbers")}
    for is_flat, (marker, color, fill, label) in looks.items():
        some = [(i, r.ratio) for i, r in enumerate(rows) if flat[r.layer, r.index] == is_flat and 0 < r.ratio < np.inf]
        axes.plot([r for _, r in some], [i for i, _ in some], marker, color=color, mfc=fill, label=label)
    _rows(axes, [f"{row.layer}[{row.index}]" for row in rows], [THUMB, *(row.ratio for row in rows)])
    for i, row in enumerate(rows):
        if not 0 < row.ratio < np.inf:
            write_in_row(axes, i, _why(row))
    axes.axvline(THUMB, color=RED, ls="--", lw=1, label="1e-3, the rule of thumb")
    axes.set_xlabel("norm of the update / norm of the parameter")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    axes.set_title(f"{solver.net.name}, iteration {solver.iter}: how large the steps are")
    return figure


def _rows(axes, names, numbers):
    """One row for each name, the first on top, along a log scale that holds the numbers."""
    decades(axes, numbers)
    axes.set_yticks(np.arange(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", alpha=0.3)


def _why(row):
    """Why a parameter has no ratio to draw."""
    if np.isfinite([row.update, row.weight]).all():
        return "no update" if row.update == 0 else "all weights are zero"
    return "nan or infinite"
