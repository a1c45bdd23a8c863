"""Theseus's ship: how much of LeNet runs on the reader's own code, plank by plank."""

import html
import pathlib

from cafe_edu.course.own_code import mine
from cafe_edu.net import Net
from cafe_edu.profiling import profile

ITERATIONS = 5
BAR = 30
BLUE, GREY = "#0072b2", "#cccccc"
LENET = pathlib.Path(__file__).parents[1] / "zoo" / "lenet" / "lenet_train_test.prototxt"


class Ship:
    """LeNet's layers, each the reader's or the house's.

    Attributes
    ----------
    layers : list of (str, str, bool, float)
        Name, type, whether it is the reader's, and the milliseconds it takes forward and back.
    """

    def __init__(self, layers):
        self.layers = layers

    @property
    def by_layer(self):
        """The reader's part of the layers, from 0 to 1."""
        return sum(own for _, _, own, _ in self.layers) / len(self.layers)

    @property
    def by_time(self):
        """The reader's part of the time."""
        return sum(ms for _, _, own, ms in self.layers if own) / sum(ms for *_, ms in self.layers)

    @property
    def _said(self):
        own = sum(own for _, _, own, _ in self.layers)
        return (
            f"LeNet runs {self.by_layer:.0%} on your code by layer ({own} of {len(self.layers)}), "
            f"{self.by_time:.0%} by time"
        )

    def __repr__(self):
        filled = round(BAR * self.by_layer)
        lines = [f"[{'#' * filled}{'.' * (BAR - filled)}]  {self._said}"]
        lines += [
            f"  {name:<8} {type_:<16} {'yours' if own else 'house'}  {ms:7.2f} ms"
            for name, type_, own, ms in self.layers
        ]
        return "\n".join(lines)

    def _repr_html_(self):
        wide = 100 / len(self.layers)
        planks = "".join(
            f'<div title="{html.escape(type_)}" style="display:inline-block;width:{wide:.2f}%;overflow:hidden;'
            f'background:{BLUE if own else GREY};color:{"white" if own else "black"}">{html.escape(name)}</div>'
            for name, type_, own, _ in self.layers
        )
        return f'<div>{html.escape(self._said)}<div style="width:100%">{planks}</div></div>'


def ship(own=None):
    """Run LeNet's training net forward and back with the reader's own layers in it, and measure.

    Parameters
    ----------
    own : dict, optional
        Type -> class; by default what `mine` returns.

    Returns
    -------
    Ship
        Its times differ from run to run; data layers, which the course does not build, are left out.
    """
    own = mine() if own is None else own
    records = profile(Net(LENET, phase="TRAIN", layers=own, rng=0), iterations=ITERATIONS)
    return Ship(
        [
            (record.name, record.type, record.type in own, record.median("forward") + record.median("backward"))
            for record in records
            if record.type not in ("Data", "Split")
        ]
    )
