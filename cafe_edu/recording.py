"""A recording of a training: what a solver knew at chosen iterations, to look at and to go on from."""

import dataclasses
import json
import logging
import pathlib
import zipfile

import numpy as np

from cafe_edu import exact_resume
from cafe_edu.device import to_numpy
from cafe_edu.errors import CafeError, DataError, WeightsError
from cafe_edu.files import replacing

log = logging.getLogger("cafe_edu")


@dataclasses.dataclass(frozen=True)
class Moment:
    """What a solver knew at one iteration; the arrays are copies.

    Attributes
    ----------
    iter, current_step : int
    params : dict of layer name -> list of arrays
    history : list of lists of arrays
        What the update rule remembers: one list for each of its memories, one array for each parameter.
    stood : str
        Where data and chance stood, as `cafe_edu.exact_resume.standing` says it.
    """

    iter: int
    current_step: int
    params: dict
    history: list
    stood: str

    @property
    def arrays(self):
        return [array for arrays in [*self.params.values(), *self.history] for array in arrays]

    @property
    def nbytes(self):
        return sum(array.nbytes for array in self.arrays)


def record(solver, iterations, every=10, at_most=512e6, progress=False):
    """Train a solver and keep what it knew at the start and after each ``every`` iterations.

    Parameters
    ----------
    solver : Solver
    iterations : int
        How many to do from where it stands.
    every : int
    at_most : float
        Bytes of memory that the recording may take.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Recording
        Ctrl-C ends it early; what was kept until then is returned.

    Raises
    ------
    CafeError
        Before anything is learned, if the recording would take more memory than ``at_most``.
    """
    if iterations < 1 or every < 1:
        raise CafeError(f"expected `iterations` and `every` of 1 or more, found {iterations} and {every}")
    first = _moment(solver)
    moments = 1 + -(-iterations // every)
    if moments * first.nbytes > at_most:
        fit = int(at_most // first.nbytes) - 1
        advice = f"use every={-(-iterations // fit)} or more" if fit > 0 else "not even two moments fit"
        raise CafeError(
            f"expected a recording of at most {at_most / 1e6:.0f} MB (`at_most`), found {moments} moments of "
            f"{first.nbytes / 1e6:.2f} MB each; {advice}"
        )
    recording = Recording([first], solver=solver)
    try:
        for done in _bar(range(0, iterations, every), progress):
            solver.step(min(every, iterations - done))
            recording.moments.append(_moment(solver))
            if solver.stopping:
                break
    except KeyboardInterrupt:
        log.warning("Recording interrupted: it ends at iteration %d", recording.moments[-1].iter)
    recording.train_record, recording.test_record = list(solver.train_record), list(solver.test_record)
    return recording


def _bar(steps, progress):
    from tqdm.auto import tqdm

    return tqdm(steps, unit="moment", disable=not progress)


def _moment(solver):
    params = {name: [to_numpy(b.data).copy() for b in blobs] for name, blobs in solver.net.params.items()}
    history = [[to_numpy(h).copy() for h in arrays] for arrays in solver.history]
    return Moment(solver.iter, solver.current_step, params, history, exact_resume.standing(solver))


class Recording:
    """What a solver knew at several moments of its training; made by `record` or `Recording.load`.

    Attributes
    ----------
    moments : list of Moment
    train_record, test_record : list of dict
        As a `Solver` keeps them.
    solver : Solver or None
        Which was recorded; a recording read from a file has none.
    """

    def __init__(self, moments, train_record=(), test_record=(), solver=None):
        self.moments, self.solver = moments, solver
        self.train_record, self.test_record = list(train_record), list(test_record)

    @property
    def iterations(self):
        """At which iterations there is a moment."""
        return [moment.iter for moment in self.moments]

    @property
    def nbytes(self):
        return sum(moment.nbytes for moment in self.moments)

    def at(self, iteration):
        """Return the `Moment` of an iteration; ``CafeError``, with those there are, if it was not kept."""
        for moment in self.moments:
            if moment.iter == iteration:
                return moment
        raise CafeError(f"no moment of iteration {iteration} was kept; there are {_some(self.iterations)}")

    def put_into(self, net, iteration):
        """Copy the parameters of a moment into a net that has layers of the same names, such as a TEST net."""
        params = self.at(iteration).params
        missing = [name for name in net.params if name not in params]
        if missing:
            raise WeightsError(f"layer {missing[0]!r} is not in the recording; it has {', '.join(params)}")
        for name, blobs in net.params.items():
            for blob, values in zip(blobs, params[name], strict=True):
                blob.data = values

    def fork(self, iteration, solver=None, **changes):
        """Return a solver that stands where the recorded one stood: it learns on as that did, bit for bit.

        Parameters
        ----------
        iteration : int
            One of `iterations`.
        solver : Solver, optional
            A solver of the same net and type, to be put there. By default a new one, made as the recorded one was;
            arrays that were given to its MemoryData layers are given to the new ones.
        **changes
            Fields of the new solver that shall be others, such as ``base_lr=0.1``.

        Raises
        ------
        CafeError
            For an iteration that was not kept; for a recording from a file, if no solver is given.
        NetError
            If a layer cannot say where in its data it stands.
        WeightsError
            If the solver given is of another net or type.
        """
        moment = self.at(iteration)
        if solver is None:
            if self.solver is None:
                raise CafeError("a recording from a file does not say how its solver was made: give one, solver=...")
            solver = self.solver.twin(**changes)
            _hand_over(self.solver, solver)
        elif changes:
            raise CafeError(f"expected a solver or changes, found both: {', '.join(changes)}")
        exact_resume.check((solver.net, *solver.test_nets))
        _refuse_unlike(moment, _moment(solver))
        self.put_into(solver.net, iteration)
        for mine, stored in zip(solver.history, moment.history, strict=True):
            for h, values in zip(mine, stored, strict=True):
                h[...] = solver.net.xp.asarray(values)
        solver.iter, solver.current_step = moment.iter, moment.current_step
        solver.losses.clear()
        exact_resume.apply(json.loads(moment.stood), solver, f"the moment of iteration {iteration}")
        solver.train_record = [entry for entry in self.train_record if entry["iter"] < iteration]
        solver.test_record = [entry for entry in self.test_record if entry["iter"] < iteration]
        return solver

    def save(self, path):
        """Write the recording to a .npz file, whole or not at all."""
        about = {
            "names": {name: len(arrays) for name, arrays in self.moments[0].params.items()},
            "histories": [len(arrays) for arrays in self.moments[0].history],
            "moments": [[moment.iter, moment.current_step, moment.stood] for moment in self.moments],
            "train_record": self.train_record,
            "test_record": self.test_record,
        }
        arrays = {f"{k}_{i}": a for k, moment in enumerate(self.moments) for i, a in enumerate(moment.arrays)}
        with replacing(path) as new, open(new, "wb") as file:
            np.savez(file, about=json.dumps(about), **arrays)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; ``DataError`` if the file is missing or damaged."""
        if not pathlib.Path(path).is_file():
            raise DataError(f"no such file: {path}")
        try:
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                about = json.loads(file["about"].item())
                moments = [_read_moment(file, k, about) for k in range(len(about["moments"]))]
                return cls(moments, about["train_record"], about["test_record"])
        except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is damaged or is no recording: {error}") from None

    def __repr__(self):
        return f"Recording of {len(self.moments)} moments ({_some(self.iterations)}), {self.nbytes / 1e6:.1f} MB"


def _read_moment(file, k, about):
    iter, current_step, stood = about["moments"][k]
    counts = [*about["names"].values(), *about["histories"]]
    numbers = 0
    groups = []
    for count in counts:
        groups.append([file[f"{k}_{numbers + i}"] for i in range(count)])
        numbers += count
    named = dict(zip(about["names"], groups, strict=False))
    return Moment(iter, current_step, named, groups[len(named) :], stood)


def _some(iterations):
    """Iterations in words, the middle left out where they are many.

    >>> _some(range(0, 100, 10))
    '0, 10, 20, ..., 90'
    """
    texts = [str(i) for i in iterations]
    return ", ".join(texts if len(texts) <= 6 else [*texts[:3], "...", texts[-1]])


def _hand_over(giver, taker):
    """Give the arrays that the program gave to MemoryData layers to those of another solver."""
    for mine, theirs in zip((giver.net, *giver.test_nets), (taker.net, *taker.test_nets), strict=True):
        for layer, other in zip(mine.layers, theirs.layers, strict=True):
            if layer.type == "MemoryData" and layer.items is not None:
                other.reset(layer.items, layer.labels)


def _refuse_unlike(recorded, found):
    """Raise ``WeightsError`` unless two moments have parameters and histories of the same names and shapes."""
    for what, a, b in (("parameters", recorded.params, found.params), ("histories", recorded.history, found.history)):
        shapes = [_shapes(a), _shapes(b)]
        if shapes[0] != shapes[1]:
            raise WeightsError(f"the solver does not fit the recording: expected {what} {shapes[0]}, found {shapes[1]}")


def _shapes(arrays):
    if isinstance(arrays, dict):
        return {name: [a.shape for a in of_layer] for name, of_layer in arrays.items()}
    return [[h.shape for h in of_memory] for of_memory in arrays]
