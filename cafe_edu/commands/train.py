"""`cafe train`."""

import contextlib
import signal
import sys

import click

from cafe_edu.commands.group import beside_bar, command, engine_option, logging_to, option, words
from cafe_edu.errors import SpecError


@command()
@option("solver", required=True, metavar="FILE", help="The solver's prototxt.")
@option("snapshot", metavar="STATE", help="Go on from this .solverstate.")
@option("weights", metavar="A[,B]", help="Start from the parameters of these .caffemodel files, by layer name.")
@option("stage", default="", metavar="A[,B]", help="Stages of the net's state.")
@option("level", default=0, help="Level of the net's state.")
@option("sigint_effect", type=click.Choice(["stop", "snapshot", "none"]), default="stop", show_default=True,
        help="What Ctrl-C does; 'stop' writes a snapshot first.")  # fmt: skip
@option("sighup_effect", type=click.Choice(["stop", "snapshot", "none"]), default="snapshot", show_default=True,
        help="What a hangup does.")  # fmt: skip
@click.option("--exact-resume", is_flag=True, help="With snapshots, keep where data and chance stand, so that going on "
              "from one gives, bit for bit, the training that was never stopped. Not in Caffe.")  # fmt: skip
@engine_option()
@click.option("--log", "log_file", metavar="FILE", help="Write the log to this file too.")
@click.option("--progress/--no-progress", default=None, help="A progress bar; by default on a terminal.")
def train(
    solver, snapshot, weights, stage, level, sigint_effect, sighup_effect, exact_resume, engine, log_file, progress
):
    """Train a net, or go on training it.

    Under MPI all processes learn together, each with its share of the data: mpiexec -n 4 cafe train ...

    Example: cafe train --solver lenet_solver.prototxt
    """
    from cafe_edu.parallel import world
    from cafe_edu.prototxt import read_solver
    from cafe_edu.solver import Solver

    if snapshot and weights:
        raise SpecError("expected --snapshot to go on or --weights to start from, found both")
    ranks = world.communicator()
    is_first = ranks is None or ranks.rank == 0
    with world.ending_together(ranks), logging_to(log_file) if is_first else world.silence():
        changes = {"weights": []} if snapshot else {"weights": weights.split(",")} if weights else {}
        if level or stage:  # beside what the file says of the state
            state = changes["train_state"] = read_solver(solver).train_state
            state.stage.extend(words(stage))
            if level:
                state.level = level
        if exact_resume:
            changes["exact_resume"] = True
        changes["engine"] = engine
        job = Solver(solver, **changes) if ranks is None else _parallel(solver, ranks, changes)
        progress = is_first and (sys.stderr.isatty() if progress is None else progress)
        with _answering(job, sigint_effect, sighup_effect), beside_bar(progress):
            job.solve(resume=snapshot, progress=progress)


def _parallel(solver, ranks, changes):
    from cafe_edu.parallel.solver import ParallelSolver

    return ParallelSolver(solver, ranks, **changes)


@contextlib.contextmanager
def _answering(solver, sigint, sighup):
    """Turn signals into requests that the solver answers after the iteration it is in."""

    def answer(effect):
        def handle(number, frame):
            if effect == "stop" and solver.stopping:
                raise KeyboardInterrupt  # asked twice: at once
            solver.stopping |= effect == "stop"
            solver.snapshot_wanted |= effect == "snapshot"

        return handle

    effects = {signal.SIGINT: sigint}
    if hasattr(signal, "SIGHUP"):
        effects[signal.SIGHUP] = sighup
    before = {number: signal.signal(number, answer(effect)) for number, effect in effects.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = [train]
