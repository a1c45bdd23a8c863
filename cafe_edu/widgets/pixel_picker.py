"""A figure that tells over which pixel of one of its images the pointer is."""

import pathlib

import anywidget
import traitlets


class PixelPicker(anywidget.AnyWidget):
    """A figure with an image in it whose pixels can be pointed at; its half in the browser is ``pixel_picker.js``.

    Attributes
    ----------
    at : [int, int]
        Row and column of the pixel pointed at (with the pointer, or the arrow keys).
    picture : bytes
        The figure as PNG.
    place : [float, float, float, float]
        Where the image is: left, top, width and height, as parts of the figure's.
    shape : [int, int]
        How many rows and columns of pixels it has.
    text : str
        What is to be seen, in words.
    """

    _esm = pathlib.Path(__file__).with_name("pixel_picker.js")
    at = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    place = traitlets.List(traitlets.Float(), [0.0, 0.0, 1.0, 1.0]).tag(sync=True)
    shape = traitlets.List(traitlets.Int(), [1, 1]).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def show(self, picture, axes, shape, text=""):
        """Show a picture, the bytes of a PNG; the pixels to point at fill ``axes``, in so many rows and columns."""
        box = axes.get_position()
        with self.hold_sync():  # one message
            self.place = [float(x) for x in (box.x0, 1 - box.y1, box.width, box.height)]
            self.shape, self.text, self.picture = list(shape), text, picture
