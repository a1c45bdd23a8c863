"""The conformance tests: what the house asks of its own layers, and of yours."""

import pathlib
import tempfile

import numpy as np

from cafe_edu import caffemodel
from cafe_edu.errors import CafeError, NetError
from cafe_edu.layer import layer_class
from cafe_edu.proto import caffe_pb2
from cafe_edu.testing.cases import CASES
from cafe_edu.testing.check_gradient import check_gradient
from cafe_edu.testing.check_shapes import check_shapes
from cafe_edu.testing.comparing import same, same_run, upstream
from cafe_edu.testing.trial import CheckFailed, make_layer, numbers


def check_layer(cls, like=None, cases=None, device="cpu"):
    """Put a layer class through the conformance tests.

    Counts, shapes, float32, both phases, a new batch size between two forwards, an empty batch, in place
    against out of place, what backward reads and writes, gradients, parameters through a .caffemodel, bottoms
    of wrong shapes; with ``like``, the same outputs as the built-in type; on a GPU, the same numbers as on the
    CPU, where the gradients are checked.

    Parameters
    ----------
    cls : str or class
        A built-in type's name or a class of your own.
    like : str, optional
        A built-in type whose cases it is tried on and whose numbers it must give.
    cases : list of Case, optional
        Cases of your own (``cafe_edu.testing.cases.Case``).
    device : {"cpu", "gpu"}
        Where the layer's arrays live. No GPU at hand? ``with strict_cupy():`` a stand-in refuses what
        cupy would refuse.

    Raises
    ------
    CheckFailed
        At the first thing that is not as it must be. An error of the layer itself comes through as it is;
        both carry a note that says with which options.

    Examples
    --------
    >>> check_layer("ReLU")
    >>> from cafe_edu.testing import strict_cupy
    >>> with strict_cupy():
    ...     check_layer("ReLU", device="gpu")
    """
    cls = layer_class(cls) if isinstance(cls, str) else cls
    if cases is None:
        name = like or cls.type or cls.__name__
        if name not in CASES:
            raise CafeError(
                f"there are no cases for {name!r}: say like='...' or give cases=[...]; "
                f"there are some for {', '.join(CASES)}"
            )
        cases = CASES[name]
    for case in cases:
        try:
            _check(cls, like, case, device)
        except Exception as error:
            options = f"with options {case.spec!r}" if case.spec else "with default options"
            error.add_note(options if device == "cpu" else f"{options}, on device {device!r}")
            raise


def _check(cls, like, case, device):
    def build(bottom, which=cls, device=device, **how):
        return make_layer(which, *bottom, spec=case.spec, tops=case.tops, device=device, **how)

    def bottoms(n):
        return case.bottom(np.random.default_rng(n), n)

    def trial(n=2, **how):
        return build(bottoms(n), **how)

    _check_counts(cls, case)
    _check_forward(trial)
    _check_float32(trial)
    _check_reshape(trial, case)
    _check_empty(trial, case)
    if cls.in_place:
        _check_in_place(trial, case)
    if case.gradient:
        _check_backward(trial)
        _check_rereads(cls, trial)
        check_gradient(trial(3, device="cpu"))
    _check_weights(trial)
    if like is not None:
        _check_like(trial, like)
    if device != "cpu":
        _check_device(trial, case, device)
    check_shapes(build, bottoms(2), case.gradient)


def _check_counts(cls, case):
    for what in ("num_bottom", "num_top"):
        declared = getattr(cls, what)
        match declared:
            case int() | (int(), int() | None):
                pass
            case _:
                raise CheckFailed(f"{what}: expected a number or (least, most), found {declared!r}")
    try:
        cls.check_counts(len(case.bottom(np.random.default_rng(0), 1)), case.tops)
    except NetError as error:
        raise CheckFailed(f"num_bottom or num_top refuses the case: {error}") from None


def _check_forward(trial):
    """Forward writes every top, in the shape declared, and nothing else."""
    one = trial()
    inputs = [numbers(blob.data) for blob in one.bottom]
    declared = [tuple(shape) for shape in one.layer.top_shapes([blob.shape for blob in one.bottom])]
    for blob in one.top:
        blob.data[...] = np.nan
    outputs = one.forward()
    if [y.shape for y in outputs] != declared:
        raise CheckFailed(f"top_shapes says {declared}, forward made {[y.shape for y in outputs]}")
    if any(np.isnan(y).any() for y in outputs):
        raise CheckFailed("forward left numbers unwritten (or made NaN)")
    for blob, before in zip(one.bottom, inputs, strict=True):
        same("forward changed its bottom", numbers(blob.data), before)


def _check_float32(trial):
    for phase in ("TRAIN", "TEST"):
        one = trial(phase=phase, dtype=np.float32)
        for first, second in zip(one.forward(), one.forward(), strict=True):
            same(f"two forwards in phase {phase} differ", second, first)
            if first.dtype != np.float32:
                raise CheckFailed(f"expected float32 from a float32 layer, found {first.dtype}")


def _check_reshape(trial, case):
    """A layer that saw a larger or smaller batch before says what a fresh one says."""
    for phase in ("TRAIN", "TEST"):
        for n in (1, 3):
            seen, fresh = trial(n, phase=phase), trial(2, phase=phase)
            for mine, other in zip(seen.layer.params, fresh.layer.params, strict=True):
                mine.data = other.data
            seen.forward()
            for blob, values in zip(seen.bottom, case.bottom(np.random.default_rng(2), 2), strict=True):
                blob.reshape(*values.shape)
                blob.data = values
            same_run(f"after a change of batch size ({n} to 2)", seen, fresh, case.gradient)


def _check_empty(trial, case):
    one = trial(0)
    found = one.forward()
    if case.gradient:
        found += one.backward(*[np.ones(blob.shape) for blob in one.top])
    if any(np.isnan(values).any() for values in found):
        raise CheckFailed("an empty batch gives NaN")


def _check_in_place(trial, case):
    same_run("in place", trial(in_place=True), trial(), case.gradient)


def _check_backward(trial):
    """Backward writes diffs, and no data."""
    one = trial()
    one.forward()
    blobs = {id(blob): blob for blob in (*one.bottom, *one.top, *one.layer.params)}.values()
    before = [numbers(blob.data) for blob in blobs]
    one.backward(*upstream(one))
    for blob, data in zip(blobs, before, strict=True):
        same(f"backward changed the data of {blob.name!r}", numbers(blob.data), data)


def _check_rereads(cls, trial):
    """A layer in place behind this one overwrites its tops before backward runs."""
    if cls.rereads_top:
        return
    for how in ({}, {"in_place": True}) if cls.in_place else ({},):
        one, other = trial(**how), trial(**how)
        one.forward(), other.forward()
        for blob in one.top:
            blob.data = np.random.default_rng(6).normal(size=blob.shape)
        dy = upstream(one)
        for a, b in zip(one.backward(*dy), other.backward(*dy), strict=True):
            same("backward reads its top again, which needs `rereads_top = True`: the gradient is another", a, b)


def _check_weights(trial):
    """Parameters written to a file and read into another layer make it the same one."""
    one, other = (trial(dtype=np.float32, seed=seed) for seed in (1, 2))
    if not one.layer.params:
        return
    other.seed, rng = one.seed, np.random.default_rng(7)
    for blob in one.layer.params:
        blob.data = np.abs(rng.normal(size=blob.shape))  # a variance is not negative
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trial.caffemodel"
        weights = {"trial": [numbers(blob.data) for blob in one.layer.params]}
        caffemodel.write_weights(path, caffe_pb2.NetParameter(layer=[one.layer.spec]), weights)
        stored = caffemodel.read_weights(path)["trial"]
    for blob, values in zip(other.layer.params, stored, strict=True):
        blob.data = values
    for a, b in zip(other.forward(), one.forward(), strict=True):
        same("with parameters from a file the output is another", a, b)


def _check_device(trial, case, device):
    """The device says what the CPU says."""
    for phase in ("TRAIN", "TEST"):
        one, other = trial(phase=phase, device=device), trial(phase=phase, device="cpu")
        rng = np.random.default_rng(8)
        for a, b in zip((*one.bottom, *one.layer.params), (*other.bottom, *other.layer.params), strict=True):
            a.diff = b.diff = rng.normal(size=a.shape)  # parameters' are added to, bottoms' overwritten
        same_run(f"on device {device!r}, in phase {phase},", one, other, case.gradient, rtol=1e-7, atol=1e-9)
        for a, b in zip(one.layer.params, other.layer.params, strict=True):
            same(f"on device {device!r} a parameter is another", numbers(a.data), numbers(b.data), 1e-7, 1e-9)


def _check_like(trial, like):
    mine, theirs = trial(), trial(which=like)
    shapes = [[blob.shape for blob in one.layer.params] for one in (mine, theirs)]
    if shapes[0] != shapes[1]:
        raise CheckFailed(f"expected parameters of shapes {shapes[1]} as in {like}, found {shapes[0]}")
    for phase in ("TEST",) if _by_chance(trial, like) else ("TRAIN", "TEST"):
        mine, theirs = trial(phase=phase), trial(phase=phase, which=like)
        for a, b in zip(mine.layer.params, theirs.layer.params, strict=True):
            a.data = b.data = np.abs(np.random.default_rng(5).normal(size=a.shape))  # a variance is not negative
        for a, b in zip(mine.forward(), theirs.forward(), strict=True):
            same(f"in phase {phase} the output is not that of {like}", a, b)


def _by_chance(trial, like):
    """Do two seeds give two outputs? Then no two ways to draw the numbers need agree."""
    one = trial(which=like)
    first, one.seed = one.forward(), one.seed + 1
    return any((a != b).any() for a, b in zip(first, one.forward(), strict=True))
