"""One number of a convolution or a pooling: what its window sees, and what is made of it."""

import dataclasses
import math

import numpy as np

from cafe_edu.arrays.pooling import pool_size
from cafe_edu.arrays.windows import Window
from cafe_edu.errors import CafeError, ShapeError
from cafe_edu.testing import make_layer

MODES = ("convolution", "max pooling", "average pooling")


@dataclasses.dataclass(frozen=True)
class WindowSum:
    """One output number and all it is made of.

    Attributes
    ----------
    mode : str
    image : array (H, W)
    kernel : array (k, k) or None
        The weights; None for pooling.
    window : Window
    output : array (OH, OW)
        What the layer makes of the whole image.
    at : (int, int)
        Which of its numbers.
    places : array (k, k, 2)
        Row and column in the image under each place of the window; beyond the image, in the padding.
    seen : array (k, k)
        The numbers there: 0 in the padding, NaN where pooling does not look.
    terms : array (k, k)
        What each place adds to the output: weight times number, for convolution; for the mean the number itself; for
        the maximum NaN but at the number that won.
    area : int
        By what the mean divides.
    """

    mode: str
    image: np.ndarray
    kernel: np.ndarray | None
    window: Window
    output: np.ndarray
    at: tuple
    places: np.ndarray
    seen: np.ndarray
    terms: np.ndarray
    area: int

    @property
    def value(self):
        """The output number, as the layer made it."""
        return float(self.output[self.at])


def window_sum(image, kernel, mode="convolution", stride=1, pad=0, dilation=1, at=(0, 0)):
    """Run a Convolution or Pooling layer on one image and take one of its outputs to pieces.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (k, k), or int
        Weights; for pooling the size k.
    mode : str
        One of `MODES`.
    stride, pad, dilation : int
        Pooling has no dilation.
    at : (int, int)
        Row and column of the output; beyond the last, the last is taken.

    Returns
    -------
    WindowSum
    """
    if mode not in MODES:
        raise CafeError(f"no mode {mode!r}; there are {', '.join(MODES)}")
    image = np.asarray(image, float)
    if image.ndim != 2:
        raise ShapeError(f"expected an image of 2 axes (H, W), found {image.shape}")
    convolves = mode == "convolution"
    k = len(kernel) if np.ndim(kernel) else int(kernel)
    if convolves and np.shape(kernel) != (k, k):
        raise ShapeError(f"expected a square kernel (k, k), found {np.shape(kernel)}")
    window = Window.square(k, stride, pad, dilation if convolves else 1)
    kernel = np.asarray(kernel, float) if convolves else None
    output, nothing = _run(image, kernel, mode, window), np.empty((0, 0))
    return take_apart(WindowSum(mode, image, kernel, window, output, (0, 0), nothing, nothing, nothing, 0), at)


def take_apart(look, at):
    """Return the same with another of its outputs taken to pieces; beyond the last, the last is taken."""
    image, k = look.image, look.window.kernel[0]
    at = tuple(min(max(0, int(i)), n - 1) for i, n in zip(at, look.output.shape, strict=True))
    places = _places(at, look.window)
    inside = _within(places, image.shape, 0)
    padded = _within(places, image.shape, look.window.pad[0])
    rows, columns = (places[..., axis].clip(0, n - 1) for axis, n in enumerate(image.shape))
    seen = np.where(inside, image[rows, columns], 0.0)
    if look.mode == "convolution":
        terms = look.kernel * seen + 0.0  # without -0
    elif look.mode == "max pooling":
        seen = np.where(inside, seen, np.nan)
        terms = np.where(np.arange(k * k).reshape(k, k) == np.nanargmax(seen), seen, np.nan)
    else:
        terms = seen = np.where(padded, seen, np.nan)
    return dataclasses.replace(look, at=at, places=places, seen=seen, terms=terms, area=int(padded.sum()))


def _within(places, shape, margin):
    """Which places lie in an image of this shape with so wide a margin?"""
    return ((places >= -margin) & (places < np.add(shape, margin))).all(-1)


def _run(image, kernel, mode, window):
    (k, _), (s, _), (p, _), (d, _) = window.kernel, window.stride, window.pad, window.dilation
    if mode == "convolution":
        options = f"num_output: 1 bias_term: false kernel_size: {k} stride: {s} pad: {p} dilation: {d}"
        trial = make_layer("Convolution", image[None, None], spec=f"convolution_param {{ {options} }}")
        trial.layer.weight.data = kernel[None, None]
    else:
        options = f"pool: {'MAX' if mode == 'max pooling' else 'AVE'} kernel_size: {k} stride: {s} pad: {p}"
        trial = make_layer("Pooling", image[None, None], spec=f"pooling_param {{ {options} }}")
    return trial.forward()[0][0, 0]


def _places(at, window):
    """Row and column in the image under each place of the window: i s + u d - p."""
    axes = zip(at, window.kernel, window.stride, window.dilation, window.pad, strict=True)
    rows, columns = (i * s + np.arange(k) * d - p for i, k, s, d, p in axes)
    return np.stack(np.broadcast_arrays(rows[:, None], columns), -1)


def size_formula(look):
    """Return the formula of the output's height, with the numbers put in; for pooling, what rounding up does.

    >>> print(size_formula(window_sum(np.zeros((7, 7)), 2, "max pooling", stride=2)))
    OH = ceil((H + 2p - k) / s) + 1 = ceil((7 + 2*0 - 2) / 2) + 1 = ceil(2.5) + 1 = 4
    rounded down it would be 3: here the last window hangs over the edge by 1
    """
    n, (k, _), (s, _), (p, _), (d, _) = len(look.image), *dataclasses.astuple(look.window)
    count = len(look.output)
    if look.mode == "convolution":
        room = n + 2 * p - d * (k - 1) - 1
        return (
            f"OH = floor((H + 2p - d(k - 1) - 1) / s) + 1 = floor(({n} + 2*{p} - {d}*({k} - 1) - 1) / {s}) + 1 "
            f"= floor({room / s:g}) + 1 = {count}"
        )
    room = n + 2 * p - k
    up = math.ceil(room / s) + 1
    text = f"OH = ceil((H + 2p - k) / s) + 1 = ceil(({n} + 2*{p} - {k}) / {s}) + 1 = ceil({room / s:g}) + 1 = {up}"
    if up != count:
        return f"{text}\none fewer, {count}: with padding, a last window that would start behind the image is left out"
    down = pool_size((n, n), look.window, ceil=False)[0] if room >= 0 else 0
    over = (count - 1) * s + k - n - 2 * p
    hint = f"\nrounded down it would be {down}: here the last window hangs over the edge by {over}"
    return text + (hint if over > 0 else "")


def sum_formula(look, most=12):
    """Return the output number as the sum, maximum or mean of its terms, with at most so many of them.

    >>> print(sum_formula(window_sum([[1, 2], [3, 4]], [[1, 0], [0, -1]])))
    y[0, 0] = 1*1 + 2*0 + 3*0 + 4*(-1) = -3
    >>> print(sum_formula(window_sum([[1, 2], [3, 4]], 2, "average pooling")))
    y[0, 0] = (1 + 2 + 3 + 4) / 4 = 2.5
    """
    i, j = look.at
    if look.mode == "convolution":
        pairs = zip(look.seen.flat, look.kernel.flat, strict=True)
        parts = [f"{x:.3g}*{w:.3g}" if w >= 0 else f"{x:.3g}*({w:.3g})" for x, w in pairs]
    else:
        parts = [f"{x:.3g}" for x in look.seen.flat if not np.isnan(x)]
    parts = parts if len(parts) <= most else [*parts[:most], "..."]
    if look.mode == "convolution":
        text = " + ".join(parts)
    elif look.mode == "max pooling":
        text = f"max({', '.join(parts)})"
    else:
        text = f"({' + '.join(parts)}) / {look.area}"
    return f"y[{i}, {j}] = {text} = {look.value:.4g}"
