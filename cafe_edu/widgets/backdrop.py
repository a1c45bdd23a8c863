"""A figure of which most stays as it is: drawn once, and what changes is drawn over it."""

import io

import numpy as np
from PIL import Image

from cafe_edu.widgets.canvas import DPI


class Backdrop:
    """A figure drawn once.

    Parameters
    ----------
    figure : Figure
        With a canvas of Agg's, as `cafe_edu.drawing.new_picture` makes it.

    Examples
    --------
    >>> from cafe_edu.drawing import new_picture
    >>> figure = new_picture(2, 1, layout="none")
    >>> backdrop = Backdrop(figure)
    >>> backdrop.under([figure.text(0.5, 0.5, "now")])[1:4]
    b'PNG'
    >>> len(figure.texts)
    0
    """

    def __init__(self, figure):
        self.figure = figure
        figure.set_dpi(DPI)
        figure.canvas.draw()
        self._drawn = figure.canvas.copy_from_bbox(figure.bbox)

    def under(self, marks):
        """Return the figure with these artists of it drawn over, as the bytes of a PNG; they are taken away again."""
        self.figure.canvas.restore_region(self._drawn)
        for artist in marks:
            self.figure.draw_artist(artist)
            artist.remove()
        data = io.BytesIO()
        Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3]).save(data, "png", compress_level=1)
        return data.getvalue()
