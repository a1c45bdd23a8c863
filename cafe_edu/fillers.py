"""Fillers: the first values of a parameter, drawn on the CPU so that one seed gives one net everywhere."""

import math

import numpy as np

from cafe_edu.errors import ShapeError, SpecError

FILLERS = {}
DRAWS = {"uniform": ("min", "max"), "gaussian": ("mean", "std")}  # what chance draws by

PIECE = 2**14  #: numbers drawn at once


def fill(shape, options, rng):
    """Return a float32 array of ``shape`` as a ``FillerParameter`` asks.

    Parameters
    ----------
    shape : tuple of int
        A weight is (outputs, inputs, ...): axis 0 counts what the layer makes.
    options : FillerParameter
        ``type`` names one of ``FILLERS``.
    rng : numpy.random.Generator

    Raises
    ------
    SpecError
        For a type that does not exist.

    Examples
    --------
    >>> from cafe_edu.proto import caffe_pb2
    >>> options = caffe_pb2.FillerParameter(type="xavier")
    >>> w = fill((500, 800), options, np.random.default_rng(0))
    >>> bool(abs(w).max() <= (3 / 800) ** 0.5)
    True

    References
    ----------
    Caffe: ``include/caffe/filler.hpp``. Lesson: day 8.
    """
    if options.type not in FILLERS:
        raise SpecError(f"unknown filler type {options.type!r}; there are {', '.join(sorted(FILLERS))}")
    if options.sparse != -1 and options.type != "gaussian":
        raise SpecError(f"`sparse` is an option of the gaussian filler, not of {options.type!r}")
    for field in DRAWS.get(options.type, ()):
        if not math.isfinite(getattr(options, field)):
            found = getattr(options, field)
            raise SpecError(f"the {options.type} filler expects a finite `{field}`, found {found:g}")
    return FILLERS[options.type](tuple(shape), options, rng).astype(np.float32, copy=False)


def filler(function):
    FILLERS[function.__name__] = function
    return function


@filler
def constant(shape, options, rng):
    """Every entry is ``value``."""
    return np.full(shape, options.value)


@filler
def uniform(shape, options, rng):
    """Uniform on [min, max]."""
    if options.min > options.max:
        raise SpecError(f"the uniform filler expects min <= max, found {options.min:g} and {options.max:g}")
    return _drawn(shape, lambda n: rng.uniform(options.min, options.max, n))


@filler
def gaussian(shape, options, rng):
    """Normal with ``mean`` and ``std``; with ``sparse``, about that many entries per output are kept."""
    if options.std < 0:
        raise SpecError(f"the gaussian filler expects `std` of 0 or more, found {options.std:g}")
    w = _drawn(shape, lambda n: rng.normal(options.mean, options.std, n))
    if options.sparse >= 0:
        if not shape:
            raise ShapeError("`sparse` counts the inputs of each output: expected a weight of 1 axis or more, found ()")
        w *= rng.random(shape) < options.sparse / shape[0]
    return w


@filler
def positive_unitball(shape, options, rng):
    """Positive, and the entries of each output sum to 1."""
    w = rng.random(shape)
    return w / w.sum(axis=tuple(range(1, w.ndim)), keepdims=True)


@filler
def xavier(shape, options, rng):
    r"""Uniform on :math:`[-a, a]`, :math:`a = \sqrt{3/n}`: variance 1/n keeps the signal (Glorot 2010)."""
    a = math.sqrt(3 / _fan(shape, options))
    return _drawn(shape, lambda n: rng.uniform(-a, a, n))


@filler
def msra(shape, options, rng):
    r"""Normal with variance 2/n: as xavier, for layers whose ReLU drops half the signal (He 2015)."""
    std = math.sqrt(2 / _fan(shape, options))
    return _drawn(shape, lambda n: rng.normal(0, std, n))


@filler
def bilinear(shape, options, rng):
    """The kernel with which a Deconvolution enlarges an image smoothly."""
    if len(shape) != 4 or shape[2] != shape[3]:
        raise ShapeError(f"the bilinear filler expects a square kernel of 4 axes, found {shape}")
    f = math.ceil(shape[3] / 2)
    c = (shape[3] - 1) / (2 * f)
    x = 1 - np.abs(np.arange(shape[3]) / f - c)
    return np.broadcast_to(np.outer(x, x), shape)


def _drawn(shape, draw):
    """Return an array of what ``draw(n)`` draws, a piece at a time: it draws in float64, twice the memory."""
    w = np.empty(shape, np.float32)
    line = w.reshape(-1)
    for first in range(0, line.size, PIECE):
        part = line[first : first + PIECE]
        part[...] = draw(part.size)
    return w


def _fan(shape, options):
    """The n of xavier and msra: inputs per output, outputs per input, or the mean of both."""
    count = math.prod(shape)
    if not shape or count == 0:
        raise ShapeError(f"the {options.type} filler expects (outputs, inputs, ...), found {shape}")
    fan_in = count / shape[0]
    fan_out = count / shape[1] if len(shape) > 1 else count
    kind = options.VarianceNorm.Name(options.variance_norm)
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "AVERAGE": (fan_in + fan_out) / 2}[kind]
