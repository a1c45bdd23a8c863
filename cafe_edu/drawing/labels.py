"""A look for each label: a colour, and another mark where the colours run out."""

import numpy as np

#: Okabe and Ito's colours, told apart by colour-blind eyes; gray for their yellow, which paper swallows.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#000000", "#999999")
MARKS = "os^DvP*X"


def each_label(labels):
    """Yield each label, in order, and the colour and mark of its points.

    Examples
    --------
    >>> for label, style in each_label([7, 3, 7]):
    ...     print(label, style)
    3 {'color': '#0072b2', 'marker': 'o'}
    7 {'color': '#e69f00', 'marker': 's'}
    """
    for i, label in enumerate(np.unique(labels)):
        yield label.item(), {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[(i + i // len(COLOURS)) % len(MARKS)]}
