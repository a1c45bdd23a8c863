"""How much faster several ranks are: `python -m benchmarks.parallel_scaling` writes parallel_scaling.json beside it.

Needs mpi4py and mpiexec. Every rank has one thread for its arithmetic, so R ranks want R idle cores. The sides, one
process alone and R ranks, take turns; of each side the median step counts.
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

import click

import cafe_edu
from cafe_edu import Solver, prototxt
from cafe_edu.files import replacing
from cafe_edu.parallel import world
from cafe_edu.parallel.solver import ParallelSolver
from cafe_edu.proto import caffe_pb2

HERE = pathlib.Path(__file__).parent
RESULT = HERE / "parallel_scaling.json"
BATCH, WARM_UP = 64, 5
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def solver_spec():
    """LeNet on the digits that are always there, read from their LMDB by a thread, as `cafe train` does it."""
    zoo = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet"
    spec = caffe_pb2.SolverParameter(
        base_lr=0.01, momentum=0.9, weight_decay=0.0005, lr_policy="fixed", random_seed=1, max_iter=10**9
    )
    spec.train_net_param.CopyFrom(prototxt.read_net(zoo / "lenet_train_test.prototxt"))
    return spec


def side(steps):
    """What each process of a side does; rank 0 prints its step times and how much of them was waiting for sums."""
    ranks = world.communicator()
    solver = Solver(solver_spec()) if ranks is None else ParallelSolver(solver_spec(), ranks)
    waits = []
    if ranks is not None:
        finish = solver.messages.finish

        def timed():
            start = time.perf_counter()
            finish()
            waits.append(time.perf_counter() - start)

        solver.messages.finish = timed
    solver.step(WARM_UP)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        solver.step(1)
        times.append(time.perf_counter() - start)
    if ranks is None or ranks.rank == 0:
        print(json.dumps({"times": times, "waits": waits[WARM_UP:], "loss": solver.train_record[-1]["loss"]}))


def run(ranks, steps):
    """One turn of a side."""
    beside = pathlib.Path(sys.executable).with_name("mpiexec")
    mpiexec = [str(beside) if beside.exists() else shutil.which("mpiexec") or "mpiexec", "-n", str(ranks)]
    command = [sys.executable, "-m", "benchmarks.parallel_scaling", "--side", str(steps)]
    done = subprocess.run(
        (mpiexec if ranks > 1 else []) + command,
        capture_output=True, text=True, cwd=HERE.parent, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    if done.returncode:
        raise click.ClickException(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(ranks, rounds, steps):
    """Let one process and ``ranks`` ranks take turns; return medians and ratios."""
    turns = {1: [], ranks: []}
    for number in range(rounds):
        for size in sorted(turns, reverse=number % 2 == 1):
            turns[size].append(run(size, steps))
            click.echo(f"round {number + 1} of {rounds}, ranks {size}: "
                       f"{1000 * statistics.median(turns[size][-1]['times']):.1f} ms a step", err=True)  # fmt: skip
    rates = {size: [size * BATCH / statistics.median(t["times"]) for t in found] for size, found in turns.items()}
    waits = [wait for turn in turns[ranks] for wait in turn["waits"]]
    steps_ms = {size: 1000 * statistics.median(t for turn in found for t in turn["times"])
                for size, found in turns.items()}  # fmt: skip
    return {
        "ranks": ranks,
        "batch": BATCH,
        "step_ms": [steps_ms[1], steps_ms[ranks]],
        "images_per_second": [size * BATCH / (steps_ms[size] / 1000) for size in (1, ranks)],
        "ratio": ranks * steps_ms[1] / steps_ms[ranks],
        "ratio_by_round": sorted(many / one for one, many in zip(rates[1], rates[ranks], strict=True)),
        "waiting_ms": 1000 * statistics.median(waits),
    }


def machine():
    """What the numbers were measured on."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines() if pathlib.Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "mpi4py": importlib.metadata.version("mpi4py"),
    }


@click.command()
@click.option("--ranks", default=2, show_default=True, help="How many ranks are compared with one.")
@click.option("--rounds", default=7, show_default=True, help="Turns of each side.")
@click.option("--steps", default=40, show_default=True, help="Steps in each turn.")
@click.option("--side", "as_side", type=int, help="Be one process of a side and do so many steps.")
def main(ranks, rounds, steps, as_side):
    """Measure several ranks beside one; the numbers go to parallel_scaling.json."""
    if as_side:
        side(as_side)
        return
    found = {"machine": machine(), "lenet": measure(ranks, rounds, steps)}
    with replacing(RESULT) as new:
        new.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    lenet = found["lenet"]
    low, high = lenet["ratio_by_round"][0], lenet["ratio_by_round"][-1]
    click.echo(f"LeNet, {ranks} ranks beside 1: {lenet['ratio']:.2f} times the images a second")
    click.echo(f"by round {low:.2f} to {high:.2f} (to hold for 2: 1.7)")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.parallel_scaling")
