"""The paper that every figure is drawn on."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
