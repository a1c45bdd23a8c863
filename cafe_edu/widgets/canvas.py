"""Canvas: a place in a widget where a figure is shown, and another after it."""

import io

import ipywidgets
import numpy as np
import traitlets
from PIL import Image

DPI = 72  #: pixels to the inch: a figure of 6 x 4 inches is sent as 432 x 288 pixels


class Canvas(ipywidgets.Image):
    """A figure, shown as a PNG that changes in place.

    Parameters
    ----------
    figure : Figure, optional
        What is shown first; without one, nothing.
    dpi : int
        Pixels to the inch; fewer are drawn and sent sooner.
    width : str, optional
        As CSS says it, such as "400px"; by default one pixel of the screen for each of the figure.

    Examples
    --------
    >>> from cafe_edu.drawing import new_picture
    >>> canvas = Canvas()
    >>> canvas.show(new_picture(2, 1))
    >>> bytes(canvas.value[1:4])
    b'PNG'
    """

    description = traitlets.Unicode().tag(sync=True)  # asked for in the browser where there is a tooltip

    def __init__(self, figure=None, dpi=DPI, width=None):
        super().__init__(format="png", layout=ipywidgets.Layout(width=width, max_width="100%", object_fit="contain"))
        self.dpi = dpi
        if figure is not None:
            self.show(figure)

    def show(self, figure, text=""):
        """Draw a figure and show it in place of what was there.

        Parameters
        ----------
        figure : Figure
            With a canvas of Agg's, as `cafe_edu.drawing.new_picture` makes it: no window, no pyplot.
        text : str
            What is to be seen, in words, for those who hear the page.
        """
        self._change(png(figure, self.dpi), text)

    def show_numbers(self, values, side=224, cmap="viridis", limits=None, text=""):
        """Show an array, a square of pixels for each number: no axes, and much sooner than a figure.

        Parameters
        ----------
        values : array (H, W)
            What is not a number is left transparent.
        side : int
            The longer side becomes at most this many pixels, or one for each number where there are more.
        cmap : str
            matplotlib's name of a colour map.
        limits : (low, high), optional
            Numbers shown in the first and the last colour; by default the smallest and the largest.
        text : str
            As in `show`.
        """
        from matplotlib import colormaps

        values = np.asarray(values, float)
        low, high = limits or (np.nanmin(values), np.nanmax(values))
        n = max(1, side // max(values.shape))
        colours = colormaps[cmap]((values - low) / ((high - low) or 1), bytes=True)
        self._change(_packed(colours.repeat(n, axis=0).repeat(n, axis=1)), text)

    def _change(self, data, text):
        with self.hold_sync():  # both in one message
            self.value, self.tooltip = data, text or None


def png(figure, dpi=DPI):
    """Return a figure as the bytes of a PNG, packed fast rather than small; the same bytes at every run."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    return _packed(np.asarray(figure.canvas.buffer_rgba())[..., :3])


def _packed(pixels):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "png", compress_level=1)
    return data.getvalue()
