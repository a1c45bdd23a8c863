"""The conformance tests: what the house asks of its own layers, and of yours."""

import numpy as np

from cafe_edu.errors import CafeError, NetError
from cafe_edu.testing.cases import CASES
from cafe_edu.testing.check_gradient import check_gradient
from cafe_edu.testing.trial import CheckFailed, make_layer


def check_layer(cls, like=None, cases=None):
    """Put a layer class through the conformance tests.

    Counts, shapes, a new batch size between two forwards, an empty batch, float32, the TEST phase, in place against out of
    place, gradients; and, with ``like``, the same outputs as the built-in type.

    Parameters
    ----------
    cls : str or class
        A built-in type's name or a class of your own.
    like : str, optional
        A built-in type whose cases it is tried on and whose numbers it must give.
    cases : list of Case, optional
        Cases of your own (``cafe_edu.testing.cases.Case``).

    Raises
    ------
    CheckFailed
        At the first thing that is not as it must be.

    Examples
    --------
    >>> check_layer("ReLU")
    """
    if cases is None:
        name = like or (cls if isinstance(cls, str) else cls.type or cls.__name__)
        if name not in CASES:
            raise CafeError(f"there are no cases for {name!r}: say like='...' or give cases=[...]; known: {', '.join(CASES)}")
        cases = CASES[name]
    for case in cases:
        try:
            _check(cls, like, case)
        except CheckFailed as error:
            error.add_note(f"with options {case.spec!r}" if case.spec else "with default options")
            raise


def _check(cls, like, case):
    def trial(n=2, which=cls, **how):
        return make_layer(which, *case.bottom(np.random.default_rng(n), n), spec=case.spec, tops=case.tops, **how)

    _check_counts(cls, trial, case)
    _check_forward(trial)
    _check_reshape(trial, case)
    _check_empty(trial)
    if trial().layer.in_place:
        _check_in_place(trial, case)
    if case.gradient:
        check_gradient(trial(3))
    if like is not None:
        _check_like(trial, like)


def _check_counts(cls, trial, case):
    layer = trial().layer
    try:
        layer.check_counts(len(trial().bottom), case.tops)
    except NetError as error:
        raise CheckFailed(f"declared counts refuse the case: {error}") from None
    for declared, what in ((layer.num_bottom, "num_bottom"), (layer.num_top, "num_top")):
        span = declared if isinstance(declared, tuple) else (declared, declared)
        if len(span) != 2 or span[0] < 0 or (span[1] is not None and span[1] < span[0]):
            raise CheckFailed(f"{what}: expected a number or (least, most), found {declared!r}")


def _check_forward(trial):
    one = trial()
    shapes = [blob.shape for blob in one.bottom]
    inputs = [blob.data.copy() for blob in one.bottom]
    declared = [tuple(s) for s in one.layer.top_shapes(shapes)]
    for blob in one.top:
        blob.data[...] = np.nan
    outputs = one.forward()
    if [y.shape for y in outputs] != declared:
        raise CheckFailed(f"top_shapes says {declared}, forward made {[y.shape for y in outputs]}")
    if any(np.isnan(y).any() for y in outputs):
        raise CheckFailed("forward left numbers unwritten (or made NaN)")
    for blob, before in zip(one.bottom, inputs, strict=True):
        _same("forward changed its bottom", blob.data, before)
    for phase in ("TRAIN", "TEST"):
        again = trial(phase=phase, dtype=np.float32)
        first, second = again.forward(), again.forward()
        for a, b in zip(first, second, strict=True):
            _same(f"two forwards in phase {phase} differ", a, b)
            if a.dtype != np.float32:
                raise CheckFailed(f"expected float32 from a float32 layer, found {a.dtype}")


def _check_reshape(trial, case):
    """A layer that saw a batch of 3 and then of 2 says of the 2 what a fresh one says."""
    seen, fresh = trial(3, phase="TEST"), trial(2, phase="TEST")
    for mine, other in zip(seen.layer.params, fresh.layer.params, strict=True):
        mine.data = other.data
    seen.forward()
    for blob, values in zip(seen.bottom, case.bottom(np.random.default_rng(2), 2), strict=True):
        blob.reshape(*values.shape)
        blob.data = values
    for a, b in zip(seen.forward(), fresh.forward(), strict=True):
        _same("after a change of batch size the output is another", a, b)


def _check_empty(trial):
    outputs = trial(0).forward()
    if any(np.isnan(y).any() for y in outputs):
        raise CheckFailed("an empty batch gives NaN")


def _check_in_place(trial, case):
    apart, within = trial(), trial(in_place=True)
    for a, b in zip(apart.forward(), within.forward(), strict=True):
        _same("in place the output is another", b, a)
    if case.gradient:
        dy = [np.random.default_rng(4).normal(size=blob.shape) for blob in apart.top]
        for a, b in zip(apart.backward(*dy), within.backward(*dy), strict=True):
            _same("in place the gradient is another", b, a)


def _check_like(trial, like):
    mine, theirs = trial(), trial(which=like)
    shapes = [[blob.shape for blob in t.layer.params] for t in (mine, theirs)]
    if shapes[0] != shapes[1]:
        raise CheckFailed(f"expected parameters of shapes {shapes[1]} as in {like}, found {shapes[0]}")
    for a, b in zip(mine.layer.params, theirs.layer.params, strict=True):
        a.data = b.data = np.random.default_rng(5).normal(size=a.shape)
    for a, b in zip(mine.forward(), theirs.forward(), strict=True):
        _same(f"the output is not that of {like}", a, b)


def _same(what, found, expected):
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-9, atol=1e-12):
        raise CheckFailed(f"{what}: expected {_short(expected)}, found {_short(found)}")


def _short(array):
    return np.array2string(array, threshold=6, precision=4).replace("\n", " ") + f" of shape {array.shape}"
