"""Is this process alone, or one of several that mpiexec started? Alone, nothing of MPI is imported."""

import contextlib
import logging
import os
import sys
import traceback

from cafe_edu.errors import CafeError, ParallelError

#: where MPICH and Intel MPI, Open MPI, MVAPICH and Slurm tell a process how many there are, and which it is
TOLD_BY = (
    ("PMI_SIZE", "PMI_RANK"),
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
)


def started():
    """Return (rank, size) as whoever started this process tells it; (0, 1) for one that is alone."""
    for size, rank in TOLD_BY:
        if os.environ.get(size, "").isdigit() and os.environ.get(rank, "").isdigit():
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def communicator():
    """Return this process's `MpiCommunicator`, or None if it is alone.

    Raises
    ------
    ParallelError
        On rank 0, if mpi4py is missing or belongs to another MPI. The other ranks end quietly then: one line is
        enough.
    """
    rank, size = started()
    if size == 1:
        return None
    from cafe_edu.parallel.mpi import MpiCommunicator

    try:
        found = MpiCommunicator()
    except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py is there, its MPI library is not
        reason = " ".join(str(error).split())
        _refuse(rank, f"{size} processes were started together, and mpi4py, with which they would talk, cannot be "
                      f"imported ({reason}): pip install 'cafe_edu[mpi]', and an MPI library")  # fmt: skip
    if found.size != size:
        _refuse(rank, f"expected {size} ranks, as many as processes were started, found {found.size}: this mpiexec "
                      f"belongs to another MPI than mpi4py uses")  # fmt: skip
    return found


def _refuse(rank, message):
    if rank:
        raise SystemExit(1)
    raise ParallelError(message)


@contextlib.contextmanager
def ending_together(ranks):
    """Let what goes wrong on one rank end all of them, with one line from rank 0.

    An error that is not of the house's kinds is a fault in a program: its rank prints where it happened.

    Parameters
    ----------
    ranks : MpiCommunicator or None
        None: this process is alone, and errors go their usual way.
    """
    try:
        yield
    except BaseException as error:
        if ranks is None:
            raise
        line = in_one_line(error)
        ranks.fail(line)
        if not isinstance(error, CafeError | OSError | KeyboardInterrupt):
            traceback.print_exc()
        sys.stderr.flush()
        if ranks.rank > 0:
            ranks.wait_for_the_end()  # what follows is for the case that rank 0 hears of nothing
        print(f"cafe: {line}", file=sys.stderr, flush=True)
        ranks.end(1)


def in_one_line(error):
    """What an error says, with its notes."""
    if isinstance(error, CafeError):
        return error.one_line()
    if isinstance(error, OSError) and error.filename:
        return f"{error.strerror}: {error.filename}"
    notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    return " ".join(f"{type(error).__name__}: {error}{notes}".split())


@contextlib.contextmanager
def silence():
    """Log nothing: rank 0 does it for all."""
    log = logging.getLogger("cafe_edu")
    log.addHandler(nowhere := logging.NullHandler())
    try:
        yield
    finally:
        log.removeHandler(nowhere)
