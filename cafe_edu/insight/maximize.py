"""Maximization: the image that a class or a unit likes best, found by walking uphill."""

import numpy as np

from cafe_edu.arrays.interpolation import linear_matrix
from cafe_edu.errors import DataError, ShapeError
from cafe_edu.insight.objective import Objective, score_of
from cafe_edu.insight.targets import as_item, find_target, image_input, layer_position
from cafe_edu.insight.total_variation import total_variation

BLUR, TV, DECAY = 1.0, 0.1, 0.01  #: the usual strength of each regulariser


def class_model(
    net, target, steps=64, rate=0.02, limits=(0.0, 1.0), jitter=None, blur=BLUR, tv=TV, decay=DECAY, start=None, seed=0,
    probability=False,
):  # fmt: skip
    r"""Return an image that makes the score of a class, or a unit, as large as it gets.

    .. math:: x \leftarrow (1 - \lambda)\, x + \eta \left( \frac{g}{\operatorname{rms} g}
              - \lambda_V \frac{v}{\operatorname{rms} v} \right), \qquad
              g = \frac{\partial S}{\partial x},\; v = \frac{\partial V}{\partial x}

    V is the total variation. Without regularisers the way uphill ends in noise that excites the net and tells us
    nothing: the image is shifted at random before each step (so that no pixel counts by itself), smoothed after it
    (less and less, so that large shapes come first), and drawn towards 0.

    Parameters
    ----------
    net : Net
    target : int, (str, int) or (str, int, int, int)
        A class; a channel of a layer (the mean of its places); or one place of it. Of a layer with a ReLU in place the
        numbers before it count: a unit that is off can be switched on.
    steps : int
    rate : float
        :math:`\eta`, as a part of the width of ``limits``.
    limits : (float, float)
        The smallest and the largest number of an image as the net sees it. With a mean taken off, about (-120, 130).
    jitter : int, optional
        Most pixels of a shift; by default a fiftieth of the image's shorter side, and at least 1.
    blur : float
        Width (sigma, in pixels) of the smoothing after the first step; it falls to 0 at the last.
    tv, decay : float
        :math:`\lambda_V` and :math:`\lambda`.
    start : array, optional
        The image to start from; by default faint noise around 0, or around the middle where 0 is not within the limits.
    seed : int
        Of that noise and the shifts: one seed, one image.
    probability : bool
        Climb the probability of a class instead of its score: it also pushes the other classes down.

    Returns
    -------
    array, the shape of the net's items

    References
    ----------
    Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks", section 2; Mahendran and Vedaldi 2015 (V);
    Mordvintsev, Olah, Tyka 2015, "Inceptionism" (shifts).
    """
    low, high = _limits(limits)
    found, rng = find_target(net, target), np.random.default_rng(seed)
    shape = net.blobs[image_input(net, found.position)].shape[1:]
    if start is None:
        x = faint_noise(shape, (low, high), rng)
    else:
        x = as_item(net, found.position, start)[0]
    objective = score_of(net, target, probability, places="mean")
    jitter = max(1, min(shape[-2:]) // 50) if jitter is None else jitter
    return _last(climb(objective, x, steps, rate, (low, high), jitter, blur, tv, decay, rng), x)


def faint_noise(shape, limits, rng):
    """Return the image to start from: noise around 0, or around the middle where 0 is not within the limits."""
    low, high = limits
    faint = (high - low) * 0.02 * rng.standard_normal(shape)
    return np.clip((0 if low <= 0 <= high else (low + high) / 2) + faint, low, high)


def climb(objective, x, steps, rate, limits, jitter, blur, tv, decay, rng, gone=0):
    """Walk uphill, and yield the image and the score of each step: what `class_model` does, to be watched.

    Parameters
    ----------
    objective : Objective
    x : array, the shape of one item
    steps, rate, limits, jitter, blur, tv, decay
        As in `class_model`.
    rng : numpy.random.Generator
        Of the shifts.
    gone : int
        How many of the steps have been gone before: x is where they led.

    Yields
    ------
    x : array, after the step
    score : float, of the shifted image before it
    """
    from tqdm.auto import tqdm

    x, (low, high) = np.array(x, float), limits
    is_image = x.ndim == 3
    for step in tqdm(range(gone, steps), initial=gone, total=steps, desc="uphill", unit=" steps", delay=1):
        shift = rng.integers(-jitter, jitter + 1, 2) if is_image and jitter else (0, 0)
        shifted = np.roll(x, shift, (-2, -1)) if is_image else x
        values, g = objective.slope(shifted[None])
        g = _unit(np.roll(g[0], (-shift[0], -shift[1]), (-2, -1)) if is_image else g[0])
        if is_image and tv:
            g -= tv * _unit(total_variation(x, eps=1e-3 * (high - low))[1])
        x = np.clip((1 - decay) * x + rate * (high - low) * g, low, high)
        if is_image and blur:
            x = smooth(x, blur * (1 - (step + 1) / steps))
        yield x, float(values[0])


def deep_dream(
    net, image, layer, unit=None, octaves=4, scale=1.4, steps=10, rate=0.007, limits=None, jitter=16, seed=0
):  # fmt: skip
    r"""Return an image changed so that a layer sees more of what it sees already.

    .. math:: S(x) = \frac{1}{2} \operatorname{mean} a(x)^2, \qquad \frac{\partial S}{\partial a} \propto a

    It starts on a small version of the image, where the patterns that the layer likes are large beside it, and takes
    what it added there to the next larger one: each size is an octave.

    Parameters
    ----------
    net : Net
        What lies below ``layer`` must take images of other sizes: convolutions and poolings, no inner product.
    image : array (C, H, W)
        As the net sees it; H and W are free.
    layer : str
        Name of a layer or a blob.
    unit : int, optional
        One channel of it, whose mean grows, instead of all.
    octaves : int
    scale : float
        How much larger each is than the one before.
    steps : int
        In each octave.
    rate : float
        As a part of the width of ``limits``.
    limits : (float, float), optional
        By default the smallest and the largest number of the image.
    jitter : int
        Most pixels of the random shift before each step.
    seed : int
        Of the shifts.

    Returns
    -------
    array (C, H, W)

    References
    ----------
    Mordvintsev, Olah, Tyka 2015, "Inceptionism: going deeper into neural networks".
    """
    x = np.asarray(image, float)
    position = layer_position(net, layer)
    name = image_input(net, position)
    C = net.blobs[name].shape[1]
    if x.ndim != 3 or x.shape[0] != C or len(net.blobs[name].shape) != 4:
        raise ShapeError(f"expected one image ({C}, H, W) for {name!r} {net.blobs[name].shape}, found {x.shape}")
    if octaves < 1 or scale <= 1:
        raise DataError(f"expected octaves of 1 or more and a scale above 1, found {octaves} and {scale:g}")
    limits = _limits((x.min(), x.max()) if limits is None else limits)
    rng = np.random.default_rng(seed)
    objective = Objective(net, position, _energy) if unit is None else score_of(net, (layer, unit), places="mean")
    added = np.zeros((C, 1, 1))
    for octave in reversed(range(octaves)):
        size = [max(1, round(n / scale**octave)) for n in x.shape[1:]]
        base = _resized(x, size)
        y = base + _resized(added, size)
        y = _last(climb(objective, y, steps, rate, limits, jitter, 0, 0, 0, rng), y)
        added = y - base
    return y


def _last(walk, x):
    """The image at the end of a walk that starts at x."""
    for x, _ in walk:  # noqa: B007 (of no step, x itself is left)
        pass
    return x


def smooth(x, sigma):
    """Return an image (C, H, W) smoothed with a bell of the width sigma."""
    from scipy import ndimage

    return ndimage.gaussian_filter(x, (0, sigma, sigma), mode="nearest") if sigma > 0 else x


def _energy(a):
    """Half the mean square of what a layer makes, for each item, and its slope."""
    count = a[0].size
    return (a.reshape(len(a), -1) ** 2).sum(axis=1) / (2 * count), a / count


def _resized(x, size):
    """An image (C, H, W) in another size, bilinear."""
    H, W = x.shape[1:]
    return linear_matrix(H, size[0]) @ x @ linear_matrix(W, size[1]).T


def _unit(g):
    """g, made 1 in its root mean square; zeros stay zeros."""
    size = np.sqrt(np.mean(np.square(g, dtype=float)))
    return g / size if size > 0 else np.zeros_like(g, float)


def _limits(limits):
    low, high = map(float, limits)
    if not low < high:
        raise DataError(f"expected limits such as (0, 1), the smaller first, found ({low:g}, {high:g})")
    return low, high
