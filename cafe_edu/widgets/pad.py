"""A pad to draw on, with mouse, finger or pen."""

import pathlib

import anywidget
import numpy as np
import traitlets

from cafe_edu.errors import DataError

SIDE = 140  #: pixels across the pad
PEN = 0.09  #: width of the pen, of the pad's side


class Pad(anywidget.AnyWidget):
    """A black pad and a white pen; its half in the browser is ``pad.js``.

    Attributes
    ----------
    side : int
        Rows and columns of pixels.
    pixels : bytes
        Row after row, 0 (paper) to 255 (ink); empty before anything is drawn. Setting it from Python draws.
    """

    _esm = pathlib.Path(__file__).with_name("pad.js")
    side = traitlets.Int(SIDE).tag(sync=True)
    # from the browser come memoryviews; sent back, they would wipe out what the pen has drawn since
    pixels = traitlets.Bytes().tag(sync=True, from_json=lambda value, pad: bytes(value), echo_update=False)

    def ink(self):
        """Return what is drawn, (side, side), 0 to 255."""
        seen = np.frombuffer(self.pixels, np.uint8)
        if not len(seen):
            return np.zeros((self.side, self.side), np.uint8)
        if len(seen) != self.side**2:
            raise DataError(f"expected {self.side} x {self.side} pixels from the pad, found {len(seen)}")
        return seen.reshape(self.side, self.side)

    def draw(self, ink):
        """Put ink on the pad, in place of what was there.

        Parameters
        ----------
        ink : array (H, W)
            0 is paper; the largest number is full ink. It is enlarged or reduced to the pad.
        """
        from PIL import Image

        ink = np.asarray(ink, np.float32)
        if ink.ndim != 2 or not ink.size or not np.isfinite(ink).all() or (ink < 0).any():
            raise DataError(f"expected an array (H, W) of ink, 0 or more, found one of shape {ink.shape}")
        levels = np.rint(ink * (255 / (ink.max() or 1))).astype(np.uint8)
        self.pixels = Image.fromarray(levels).resize((self.side, self.side), Image.Resampling.BILINEAR).tobytes()

    def clear(self):
        """Take all ink away."""
        self.pixels = b""


def stroke(points, side=SIDE):
    """Return the ink of a pen that goes through some points, as the pad in the browser draws it.

    Parameters
    ----------
    points : sequence of (x, y)
        From 0 to 1, from left to right and from top to bottom.
    side : int

    Returns
    -------
    ndarray of uint8, (side, side)

    Examples
    --------
    >>> ink = stroke([(0.5, 0.2), (0.5, 0.8)])  # a 1
    >>> ink.shape, int(ink.max()), int((ink[70] > 0).sum())
    ((140, 140), 255, 13)
    """
    from PIL import Image, ImageDraw

    fine = 4  # drawn larger and reduced, so that edges are grey
    image = Image.new("L", (side * fine, side * fine))
    pen, r = ImageDraw.Draw(image), PEN * side * fine / 2
    places = [(x * side * fine, y * side * fine) for x, y in points]
    pen.line(places, fill=255, width=round(2 * r))
    for x, y in places:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))
