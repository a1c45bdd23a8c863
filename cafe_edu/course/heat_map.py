"""Two arrays and their difference as small maps: numbers on colours, and the same numbers as plain text."""

import dataclasses
import html

import numpy as np

from cafe_edu.course.compare import numbers_in

ROWS, COLUMNS = 6, 8  # what is shown of a larger array, around the first number that differs
PLUS, MINUS = (0, 114, 178), (213, 94, 0)  # blue and orange-red, told apart by every kind of eye; 0 is white
STRONGEST = 0.7  # of the colour, so that black digits stay readable on it


@dataclasses.dataclass(frozen=True)
class HeatMap:
    """A part of an array, at most ``ROWS`` x ``COLUMNS`` numbers.

    Parameters
    ----------
    part : array, (rows, columns)
    most : float
        The number that gets the strongest colour.
    place : str
        Which part of the array it is; "" if it is the whole.

    Examples
    --------
    >>> print(HeatMap(np.array([[1.0, 0.5], [-2.0, 0.0]]), most=2.0))
     1  0.5
    -2    0
    """

    part: np.ndarray
    most: float
    place: str = ""

    def __str__(self):
        texts = [[_number(value) for value in row] for row in self.part]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        rows = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in texts]
        return "\n".join(rows + ([f"({self.place})"] if self.place else []))

    def to_html(self):
        """Return a table with coloured cells."""
        rows = "".join(f"<tr>{''.join(map(self._cell, row))}</tr>" for row in self.part)
        place = f"<small>{html.escape(self.place)}</small>" if self.place else ""
        return f'<table style="border-collapse:collapse;margin:0">{rows}</table>{place}'

    def _cell(self, value):
        strength = STRONGEST * min(abs(value) / self.most, 1) if self.most > 0 and np.isfinite(value) else 0
        colour = PLUS if value > 0 else MINUS
        mixed = ",".join(str(round(255 + strength * (part - 255))) for part in colour)
        style = f"background:rgb({mixed});color:black;text-align:right;padding:1px 6px;font-family:monospace"
        return f'<td style="{style}">{_number(value)}</td>'


def maps(expected, found):
    """Return maps of the first array that differs in two answers: expected, yours and the difference.

    Parameters
    ----------
    expected, found : answers, as `compare.difference` takes them

    Returns
    -------
    dict of str -> HeatMap
        Empty if no two arrays of the same shape differ.

    Examples
    --------
    >>> drawn = maps({"dx": np.ones(3)}, {"dx": np.array([1.0, 1.0, 2.0])})
    >>> print(drawn["difference"])
    0  0  1
    (of ['dx'], yours - expected)
    """
    theirs = dict(numbers_in(found))
    for place, e in numbers_in(expected):
        f = theirs.get(place)
        if f is None or f.shape != e.shape or e.ndim == 0 or e.size < 2 or np.iscomplexobj(e) or np.iscomplexobj(f):
            continue
        bad = ~np.isclose(f, e, rtol=1e-6, atol=1e-9, equal_nan=True)
        if not bad.any():
            continue
        part, where = _around(tuple(int(i) for i in np.argwhere(bad)[0]), e.shape)
        e, f = (np.atleast_2d(np.asarray(values, np.float64)[part]) for values in (e, f))
        where = ", ".join(filter(None, [f"of {place}" if place else "", where]))
        with np.errstate(all="ignore"):
            difference = f - e
        both = _most(np.concatenate([e, f]))
        about = f"{where}, yours - expected" if where else "yours - expected"
        return {
            "expected": HeatMap(e, both, where),
            "yours": HeatMap(f, both, where),
            "difference": HeatMap(difference, _most(difference), about),
        }
    return {}


def _around(index, shape):
    """Return the slices of a plane with ``index`` in it, and how to write them."""
    spans = []
    for i, n, most in zip(index[-2:], shape[-2:], ((ROWS, COLUMNS) if len(shape) > 1 else (COLUMNS,)), strict=True):
        first = min(max(i - most // 2, 0), max(n - most, 0))
        spans.append(slice(first, min(first + most, n)))
    whole = all(span.stop - span.start == n for span, n in zip(spans, shape[-2:], strict=True))
    written = [str(i) for i in index[:-2]] + [
        ":" if span.stop - span.start == n else f"{span.start}:{span.stop}"
        for span, n in zip(spans, shape[-2:], strict=True)
    ]
    return (*index[:-2], *spans), "" if whole and len(shape) <= 2 else f"[{', '.join(written)}]"


def _most(values):
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _number(value):
    return f"{value:.3g}" if value else "0"
