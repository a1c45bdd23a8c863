"""The paper that every figure is drawn on."""

import io
import pathlib

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cafe_edu.files import replacing

BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"  #: told apart by colour-blind eyes (Okabe, Ito)


class Picture(Figure):
    """A matplotlib Figure that a notebook shows by itself, the same bytes at every run; no window, no global state."""

    def _repr_png_(self):
        data = io.BytesIO()
        self.savefig(data, format="png", metadata={"Software": None})
        return data.getvalue()


def new_picture(width=8, height=4.5, dpi=80):
    """Return an empty figure of ``width`` x ``height`` inches."""
    picture = Picture(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(picture)
    return picture


def save_picture(figure, path):
    """Write a figure to a file (.png, .svg, .pdf), whole or not at all; the same bytes at every run."""
    import matplotlib

    path = pathlib.Path(path)
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with replacing(path) as new, matplotlib.rc_context({"svg.hashsalt": "cafe_edu"}):
        figure.savefig(new, metadata=metadata.get(path.suffix.lower()))
