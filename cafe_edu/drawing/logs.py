"""Training logs as curves, several compared."""

import pathlib

from cafe_edu.drawing.picture import CYCLE, new_picture
from cafe_edu.errors import DataError, SpecError

CHARTS = (  # Caffe's chart types, by number
    "Test accuracy vs. Iters",
    "Test accuracy vs. Seconds",
    "Test loss vs. Iters",
    "Test loss vs. Seconds",
    "Train learning rate vs. Iters",
    "Train learning rate vs. Seconds",
    "Train loss vs. Iters",
    "Train loss vs. Seconds",
)


def draw_logs(logs, chart="Test accuracy vs. Iters", figure=None):
    """Draw one quantity of each log, over iterations or seconds.

    Parameters
    ----------
    logs : dict of str -> ParsedLog
        What the curves are called, and `cafe_edu.tools.parse_log.parse_log` of each.
    chart : int or str
        One of ``CHARTS``, by its number or its name; capitals, blanks and dots do not matter.
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure

    References
    ----------
    Caffe: ``tools/extra/plot_training_log.py.example``.
    """
    title = chart_name(chart)
    y_name, x_name = title.split(" vs. ")
    figure = figure or new_picture()
    axes = figure.subplots()
    axes.set_prop_cycle(color=CYCLE)
    for name, parsed in logs.items():
        rows = parsed.test if y_name.startswith("Test") else parsed.train or parsed.loss
        column = _column(rows, y_name.split(" ", 1)[1], name)
        rows = [row for row in rows if column in row]
        x = [row["NumIters" if x_name == "Iters" else "Seconds"] for row in rows]
        label = name if column in ("accuracy", "loss", "LearningRate") else f"{name}: {column}"
        axes.plot(x, [row[column] for row in rows], marker="o" if len(x) < 60 else None, ms=3, lw=1.2, label=label)
    axes.set_title(title)
    axes.set_xlabel("iteration" if x_name == "Iters" else "seconds")
    axes.set_ylabel(y_name.split(" ", 1)[1])
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def chart_name(chart):
    """The full name of a chart.

    >>> chart_name("6"), chart_name("test-loss-vs-seconds")
    ('Train loss vs. Iters', 'Test loss vs. Seconds')
    """
    text = str(chart).strip()
    if text.isdecimal() and int(text) < len(CHARTS):
        return CHARTS[int(text)]
    letters = "".join(filter(str.isalpha, text.lower()))
    for name in CHARTS:
        if letters and "".join(filter(str.isalpha, name.lower())) in (letters, f"{letters}vsiters"):
            return name
    known = ", ".join(f"{i} ({name})" for i, name in enumerate(CHARTS))
    raise SpecError(f"expected a chart by number or name, found {text!r}; there are {known}")


def _column(rows, wanted, name):
    """The column to draw: the one of that name, or the first whose name holds it."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if wanted == "learning rate":
        wanted = "LearningRate"
    for column in columns:
        if column == wanted:
            return column
    for column in columns:
        if wanted in column.lower():
            return column
    outputs = [c for c in columns if c not in ("NumIters", "Seconds", "LearningRate")]
    raise DataError(f"{pathlib.Path(name).name}: expected an output named like {wanted!r} in the log, "
                    f"found {', '.join(outputs) or 'none'}")  # fmt: skip
