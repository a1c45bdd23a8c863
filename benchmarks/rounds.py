"""Rounds: sides that take turns, each in a process of its own."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import click
import numpy as np
from tqdm import tqdm

from benchmarks import start

ROOT = pathlib.Path(__file__).resolve().parents[1]


def process(arguments, threads, **environment):
    """Run ``python -m benchmarks.MODULE ...`` with so many threads, and return the JSON it prints."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads)), **environment}
    module, *rest = map(str, arguments)
    command = [sys.executable, "-m", f"benchmarks.{module}", *rest]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def in_turns(title, sides, rounds, threads):
    """Run all sides in each round, every other round backwards; return side -> list of what it printed.

    ``sides`` is side -> arguments of `process`. A slow minute of the machine hits the neighbours in a round alike.
    """
    found = {side: [] for side in sides}
    turns = [side for i in range(rounds) for side in (list(sides) if i % 2 == 0 else list(sides)[::-1])]
    for side in tqdm(turns, desc=title, unit="turn", disable=None):
        found[side].append(process(sides[side], threads))
    return found


def net_in_turns(title, net, batch, what, sides, rounds, steps, threads):
    """Run sides (name -> words for `side`) of one net that begin at the same weights and batch."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "start.npz"
        start.write(file, net, batch)
        commands = {
            name: ["side", kind, net, what, file, steps, *engine] for name, (kind, *engine) in sides.items()
        }
        found = in_turns(title, commands, rounds, threads)
    check_agreement(found)
    return found


def check_agreement(found):
    """Stop if two sides did not compute the same: then their times say nothing."""
    turns = [(side, turn) for side, turns in found.items() for turn in turns]
    for what, tolerance in (("losses", 1e-3), ("moved", 1e-2), ("answer", 1e-3)):
        known = [(side, turn[what]) for side, turn in turns if what in turn]
        for side, numbers in known[1:]:
            if not np.allclose(known[0][1], numbers, rtol=tolerance, atol=1e-7):
                raise click.ClickException(
                    f"{known[0][0]} and {side} do not compute the same, so they cannot be compared; "
                    f"{what}: {_some(known[0][1])} and {_some(numbers)}"
                )


def _some(numbers):
    return ", ".join(f"{x:.6g}" for x in numbers[:8])


def milliseconds(turns):
    """The median run of each round."""
    return [1000 * statistics.median(turn["times"]) for turn in turns]


def ratio(ours, theirs):
    """Median, lowest and highest of the rounds' ratios; ``ours`` and ``theirs`` are numbers of the same rounds."""
    by_round = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(by_round), "low": min(by_round), "high": max(by_round)}


def summary(found):
    """Return milliseconds and memory of each side, and the ratios of the first side to each other one."""
    result = {}
    for side, turns in found.items():
        times, memory = milliseconds(turns), [turn.get("memory_mb") for turn in turns]
        result[side] = {"ms": statistics.median(times), "rounds_ms": times}
        if None not in memory:
            result[side]["memory_mb"] = max(memory)
    ours, *others = result
    for side in others:
        result[ours][f"over_{side}"] = ratio(result[ours]["rounds_ms"], result[side]["rounds_ms"])
    return result
