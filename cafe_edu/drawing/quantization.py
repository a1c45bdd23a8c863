"""What 8 bits make of a net: how the weights fall on the levels, and how well each layer is kept."""

import numpy as np

from cafe_edu.device import to_numpy
from cafe_edu.drawing.picture import BLUE, ORANGE, new_picture
from cafe_edu.errors import NetError


def draw_quantization(quantized, report, layer=None, title=None, figure=None):
    """Draw, left, how many weights of a layer stand on each of the 255 levels; right, the layers' SQNR.

    Every output has steps of its own, so the levels are counted in steps. On the right a longer bar is better; the
    dotted line is 20 dB, where the error is a tenth of the numbers.

    Parameters
    ----------
    quantized : QuantizedNet
    report : Report
        What ``quantized.report`` returned.
    layer : str, optional
        An 8-bit layer; by default the one with the most weights.
    title : str, optional
    figure : Figure or SubFigure, optional

    Returns
    -------
    Figure
    """
    layer = layer or max(quantized.parts, key=lambda name: quantized.params[name][0].count)
    if layer not in quantized.parts:
        raise NetError(f"no 8-bit layer {layer!r}; there are {', '.join(quantized.parts)}")
    W = to_numpy(quantized.params[layer][0].data).ravel().astype(int)
    levels = np.arange(-127, 128)
    counts = np.bincount(W + 127, minlength=255)
    figure = figure or new_picture(10, max(4, 1.5 + 0.2 * len(report.rows)))
    left, right = figure.subplots(1, 2)
    left.bar(levels, counts, width=1, color=BLUE)
    left.set_yscale("symlog", linthresh=10)
    left.set_xlabel("weight, in steps of its output")
    left.set_ylabel("weights")
    used = np.count_nonzero(counts)
    left.set_title(f"{layer}: {len(W):,} weights on {used} of 255 levels" if title is None else title)
    names = [row.name for row in report.rows]
    shown = [row.sqnr if np.isfinite(row.sqnr) else 0 for row in report.rows]
    right.barh(names, shown, color=ORANGE)
    right.axvline(20, color="gray", linestyle=":")
    right.invert_yaxis()  # the first layer on top
    right.set_xlabel("SQNR (dB)")
    right.set_title("how well each layer's output is kept")
    return figure
