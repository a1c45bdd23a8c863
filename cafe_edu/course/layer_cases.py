"""A layer class on trial: cases for an exercise whose answer is a layer."""

import functools
import zlib

import numpy as np

from cafe_edu.testing.trial import make_layer, numbers


def layer_cases(cases, tops=1, type="", phase="TRAIN"):
    """Return cases for `Code` that put a layer class through forward and backward.

    Parameters
    ----------
    cases : dict of str -> (str, tuple of arrays)
        What the case is, in words -> the options in prototxt, and the bottoms.
    tops : int
    type : str
        The layer type whose options it reads; by default the name of the reader's class.
    phase : {"TRAIN", "TEST"}

    Returns
    -------
    dict of str -> function of a layer class
        Each returns ``{"top 0": ..., "bottom 0 diff": ..., "parameter 0 diff": ...}``. Diffs hold noise before the way
        back: a bottom's must be overwritten, a parameter's added to.

    Examples
    --------
    >>> from cafe_edu.layers.relu import ReLU
    >>> case = layer_cases({"two numbers": ("", (np.array([[-1.0, 2.0]]),))})["two numbers"]
    >>> case(ReLU)["top 0"]
    array([[0., 2.]])
    """
    return {
        words: functools.partial(_trial, words, spec, bottoms, tops, type, phase)
        for words, (spec, bottoms) in cases.items()
    }


def _trial(words, spec, bottoms, tops, type_name, phase, cls):
    rng = np.random.default_rng(zlib.crc32(words.encode()))
    if type_name and cls.type != type_name:
        cls = type(cls.__name__, (cls,), {"type": type_name, "__module__": cls.__module__})
    trial = make_layer(cls, *bottoms, spec=spec, tops=tops, phase=phase)
    for blob in trial.layer.params:
        blob.data = rng.normal(size=blob.shape)
    found = {f"top {i}": y for i, y in enumerate(trial.forward())}
    noise = [rng.normal(size=blob.shape) for blob in (*trial.bottom, *trial.layer.params)]
    for blob, values in zip((*trial.bottom, *trial.layer.params), noise, strict=True):
        blob.diff = values
    for i, dx in enumerate(trial.backward(*[rng.normal(size=blob.shape) for blob in trial.top])):
        if i not in trial.layer.no_gradient:
            found[f"bottom {i} diff"] = dx
    for i, blob in enumerate(trial.layer.params):
        found[f"parameter {i} diff"] = numbers(blob.diff) - noise[len(trial.bottom) + i]
    return found
