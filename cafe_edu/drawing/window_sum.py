"""One number of a convolution or a pooling: the window on the image, the terms, the place in the output."""

import dataclasses

import numpy as np

from cafe_edu.drawing.picture import ORANGE, RED, new_picture

NUMBERS = 14  #: rows or columns up to which each pixel has its number written in it


def draw_window_sum(look, lines=()):
    """Draw the image under the window, what each place gives, and the output.

    Parameters
    ----------
    look : WindowSum
        From `cafe_edu.widgets.window_sum.window_sum`.
    lines : sequence of str
        Written below, such as the formulas.

    Returns
    -------
    Figure
        ``figure.axes[-1]`` holds the output.
    """
    figure = draw_unmarked(look)
    mark(figure, look, lines)
    return figure


def draw_unmarked(look):
    """Draw what is the same for every output pixel: the image in its padding, and the output."""
    figure = new_picture(10.5, 4.8, layout="none")
    image, middle, output = (figure.add_axes((x, 0.24, w, 0.66)) for x, w in ((0.02, 0.36), (0.4, 0.25), (0.67, 0.31)))
    (k, _), (s, _), (p, _), (d, _) = dataclasses.astuple(look.window)
    sizes = zip(look.output.shape, look.image.shape, strict=True)
    over = [max(0, (count - 1) * s + d * (k - 1) + 1 - n - 2 * p) for count, n in sizes]  # beyond the padding
    sheet = np.pad(look.image, [(p, p + over[0]), (p, p + over[1])], constant_values=np.nan)
    _draw_pixels(image, sheet, (-p, -p))
    _draw_pixels(output, look.output, (0, 0), numbers=False)
    middle.set_axis_off()
    middle.set(xlim=(-0.5, k - 0.5), ylim=(k - 0.5, -0.5), aspect="equal")
    H, W = look.image.shape
    image.set_title(f"image {H} x {W}, kernel {k}, stride {s}, pad {p}, dilation {d}", fontsize=10)
    return figure


def mark(figure, look, lines=()):
    """Draw one output pixel on a figure of `draw_unmarked`; return the artists, in the order to draw them."""
    image, middle, output = figure.axes
    k, (H, W) = len(look.terms), look.output.shape
    marks = _term_marks(middle, look)
    for place in np.ndindex(k, k):
        wins = look.mode == "max pooling" and not np.isnan(look.terms[place])
        marks.append(_frame(image, look.places[place], RED if wins else ORANGE, 3 if wins else 1.6))
        if wins:
            marks.append(_frame(middle, place, RED, 3))
    marks.append(_frame(output, look.at, ORANGE))
    marks.append(_title(output, f"output {H} x {W}: y[{look.at[0]}, {look.at[1]}] = {look.value:.4g}"))
    marks.append(figure.text(0.02, 0.19, "\n".join(lines), fontsize=9, va="top", linespacing=1.6))
    return marks


def _term_marks(axes, look):
    """For each place of the window its number and what is made of it."""
    k, convolves = len(look.terms), look.mode == "convolution"
    names = {"max pooling": "the largest wins", "average pooling": f"sum / {look.area}"}
    marks = [_title(axes, names.get(look.mode, "number × weight"))]
    if convolves:
        most = np.abs(look.terms).max() or 1
        marks.append(axes.imshow(look.terms, cmap="RdBu_r", vmin=-most, vmax=most, alpha=0.5, zorder=1))
    marks.append(_grid(axes, (k, k), (0, 0)))
    for (i, j), x in np.ndenumerate(look.seen):
        term = look.terms[i, j]
        if convolves:
            text = f"{x:.3g}\n× {look.kernel[i, j]:.3g}\n= {term:.3g}" if k <= 4 else f"{term:.2g}"
        else:
            text = "–" if np.isnan(x) else f"{x:.3g}"
        marks.append(axes.text(j, i, text, ha="center", va="center", fontsize=max(7, 11 - k)))
    return marks


def _title(axes, text):
    return axes.text(0.5, 1.03, text, transform=axes.transAxes, ha="center", va="bottom", fontsize=10)


def _draw_pixels(axes, sheet, first, numbers=True):
    """Pixels in grey, with their ``numbers`` where there are few; ``first`` is the row and column of the first."""
    (H, W), (top, left) = sheet.shape, first
    low, high = np.nanmin(sheet), np.nanmax(sheet)
    extent = (left - 0.5, left + W - 0.5, top + H - 0.5, top - 0.5)
    axes.set_facecolor("#dbe9f4")
    axes.imshow(sheet, cmap="gray", vmin=low, vmax=high + (high == low), extent=extent, interpolation="nearest")
    if max(H, W) <= NUMBERS:
        _grid(axes, sheet.shape, first)
    if max(H, W) <= NUMBERS and numbers:
        for (i, j), x in np.ndenumerate(sheet):
            if not np.isnan(x):
                bright = x > (low + high) / 2 and high > low
                axes.text(
                    left + j, top + i, f"{x:.3g}", ha="center", va="center", fontsize=7, color="k" if bright else "w"
                )
    axes.set_xticks([])
    axes.set_yticks([])


def _grid(axes, shape, first):
    from matplotlib.collections import LineCollection

    (H, W), (top, left) = shape, first
    rows = [[(left - 0.5, top + i - 0.5), (left + W - 0.5, top + i - 0.5)] for i in range(H + 1)]
    columns = [[(left + j - 0.5, top - 0.5), (left + j - 0.5, top + H - 0.5)] for j in range(W + 1)]
    return axes.add_collection(LineCollection(rows + columns, colors="#888888", linewidths=0.5))


def _frame(axes, at, color, width=2.5):
    from matplotlib.patches import Rectangle

    frame = Rectangle((at[1] - 0.5, at[0] - 0.5), 1, 1, fill=False, ec=color, lw=width, zorder=5)
    return axes.add_patch(frame)
