"""Snapshots: what a solver has learned, put into files and taken out again.

========================  ==========================================================================
``.caffemodel``           the weights
``.solverstate``          iteration, history, rate step, and the name of the weights' file
``.resume``               where data and chance stood, if ``exact_resume`` is set (`cafe_edu.exact_resume`)
========================  ==========================================================================

They are written in an order, the state last, in which whatever interrupts leaves a newest .solverstate with
all that it needs.

References
----------
Caffe: ``Solver::Snapshot`` in ``src/caffe/solver.cpp``, ``src/caffe/solvers/sgd_solver.cpp``. Lesson: day 13.
"""

import logging
import os
import pathlib

import numpy as np

from cafe_edu import caffemodel, exact_resume, files
from cafe_edu.device import to_numpy
from cafe_edu.errors import CafeError, DataError, WeightsError
from cafe_edu.proto import caffe_pb2

log = logging.getLogger("cafe_edu")


def prefix(spec, file):
    """The beginning of every snapshot's path, as ``snapshot_prefix`` says.

    Without a prefix it is the solver's file without its ending; a prefix that is a folder gets the name of that file.

    Parameters
    ----------
    spec : SolverParameter
    file : Path or None
        Where the solver's prototxt lies.
    """
    file = pathlib.Path("solver") if file is None else pathlib.Path(file)
    if not spec.snapshot_prefix:
        return file.with_suffix("")
    given = pathlib.Path(spec.snapshot_prefix)
    return given / file.stem if given.is_dir() else given


def check_place(base):
    """Raise a ``DataError`` if no snapshot can be written at this prefix: better now than after the training."""
    folder = base.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise DataError(f"snapshots cannot be written to {base}_iter_...: {folder} is a file, not a folder")
    if not os.access(folder, os.W_OK):
        raise DataError(f"snapshots cannot be written to {base}_iter_...: {folder} is not yours to write in")


def write(solver, base):
    """Write the snapshot of a solver; return the paths of model and state."""
    is_hdf5 = solver.spec.snapshot_format == caffe_pb2.SolverParameter.HDF5
    ending, kind = (".h5", "HDF5") if is_hdf5 else ("", "binary proto")
    base = base.with_name(f"{base.name}_iter_{solver.iter}")
    model = base.with_name(f"{base.name}.caffemodel{ending}")
    state = base.with_name(f"{base.name}.solverstate{ending}")
    log.info("Snapshotting to %s file %s", kind, model)
    solver.net.save(model, diffs=solver.spec.snapshot_diff)
    if solver.spec.exact_resume:
        exact_resume.write(exact_resume.beside(state), solver, model)
    log.info("Snapshotting solver state to %s file %s", kind, state)
    history = [to_numpy(h) for arrays in solver.history for h in arrays]
    caffemodel.write_state(state, caffemodel.State(solver.iter, str(model), history, solver.current_step))
    return model, state


def restore(solver, path):
    """Set a solver to what a .solverstate says; nothing is changed if it does not fit."""
    state = caffemodel.read_state(path)
    histories = [h for arrays in solver.history for h in arrays]
    if [h.size for h in histories] != [np.size(h) for h in state.history]:
        raise WeightsError(
            f"{path} does not fit this solver: expected {len(histories)} history arrays of "
            f"{sum(h.size for h in histories)} numbers, found {len(state.history)} of "
            f"{sum(np.size(h) for h in state.history)}; same net and solver type?"
        )
    model = _model_of(path, state.learned_net) if state.learned_net else None
    stood = exact_resume.read(exact_resume.beside(path), state, model) if solver.spec.exact_resume else None
    if model is not None:
        solver.net.load(model)
    for mine, stored in zip(histories, state.history, strict=True):
        mine[...] = solver.net.xp.asarray(stored.reshape(mine.shape))
    solver.iter, solver.current_step = state.iter, state.current_step
    solver.losses.clear()
    if stood is not None:
        exact_resume.apply(stood, solver, exact_resume.beside(path))


def _model_of(state, learned_net):
    """The model that a state names: as written, or beside the state."""
    beside = pathlib.Path(state).parent / pathlib.Path(learned_net).name
    try:
        return files.find(learned_net) if not beside.exists() else beside
    except (CafeError, OSError):  # a name can also be too long for the system
        raise WeightsError(f"{state} names {learned_net}, which is neither there nor beside it") from None
