"""The parts of `make bench`: each measures one thing and returns what goes into latest.json."""

import dataclasses
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from benchmarks import rounds, targets
from benchmarks.ours import has_engines


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure: turns of each side, runs in a turn, threads, the engine of ours, where; quick: once."""

    rounds: int
    steps: int
    threads: int
    engine: str | None = None
    quick: bool = False
    device: str = "cpu"

    def sides(self):
        """Return the sides that are here: ours first, PyTorch only where it is installed."""
        there = ":gpu" if self.device == "gpu" else ""
        sides = {"ours": (f"ours{there}", self.engine) if self.engine else (f"ours{there}",)}
        if has_engines() and self.engine != "plain":
            sides["ours-plain"] = (f"ours{there}", "plain")
        if importlib.util.find_spec("torch") and (not there or torch_has_a_gpu()):
            sides["torch"] = (f"torch{there}",)
        return sides


def torch_has_a_gpu():
    """Ask PyTorch; one that was made for CPUs has none."""
    import torch

    return torch.cuda.is_available()


def net(settings, name):
    """One net beside PyTorch and beside the floor."""
    target, sides = targets.NETS[name], settings.sides() | {"floor": ("floor",)}
    title = f"{target.title} {target.what}"
    counts = settings.rounds, settings.steps, settings.threads
    return rounds.summary(rounds.net_in_turns(title, target.net, target.batch, target.what, sides, *counts))


def on_gpu(settings, name):
    """One net beside PyTorch with cuDNN, on a GPU."""
    target, counts = targets.ON_GPU[name], (settings.rounds, settings.steps, settings.threads)
    title = f"{target.title} {target.what} on the GPU"
    found = rounds.net_in_turns(title, target.net, target.batch, target.what, settings.sides(), *counts)
    return rounds.summary(found)


def batch(settings):
    """Milliseconds per image of a LeNet's step, by the size of the batch."""
    times = _growing(settings, "batches", {n: ("lenet", n) for n in targets.BATCHES})
    each = {n: ms / n for n, ms in times.items()}
    return {"ms_per_image": each, "spread": max(each.values()) / min(each.values())}


def depth(settings):
    """Milliseconds of a ResNet's step by its depth, and the straight line through them."""
    times = _growing(settings, "depths", {d: (f"resnet{d}", 32) for d in targets.DEPTHS})
    slope, offset = np.polyfit(list(times), list(times.values()), 1)
    off = max(abs(ms / (offset + slope * d) - 1) for d, ms in times.items())
    return {"ms": times, "ms_per_layer": slope, "offset_ms": offset, "off_the_line": off}


def _growing(settings, title, nets):
    """Our step's milliseconds for each of some nets, which take turns."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {}
        for key, (name, images) in nets.items():
            file = os.path.join(folder, f"{key}.npz")
            rounds.start.write(file, name, images)
            engine = [settings.engine] if settings.engine else []
            sides[key] = ["side", "ours", name, "step", file, settings.steps, *engine]
        found = rounds.in_turns(title, sides, settings.rounds, settings.threads)
    return {key: statistics.median(rounds.milliseconds(turns)) for key, turns in found.items()}


def epoch(settings):
    """Seconds in which LeNet sees every training image of MNIST once (of the digits, where MNIST is not at hand)."""
    from cafe_edu.data import datasets

    steps = settings.steps if settings.quick else 10**6  # more than there are batches
    counts = max(1, settings.rounds // 2), steps, settings.threads
    found = rounds.net_in_turns("epoch", "lenet", 64, "epoch", settings.sides(), *counts)
    seconds = {side: [sum(turn["times"]) for turn in turns] for side, turns in found.items()}
    result = {side: {"s": statistics.median(spent)} for side, spent in seconds.items()}
    for side in result.keys() - {"ours"}:
        result["ours"][f"over_{side}"] = rounds.ratio(seconds["ours"], seconds[side])
    steps = len(found["ours"][0]["times"])
    return {"data": datasets.load("handwriting").name, "steps": steps, "sides": result}


def startup(settings):
    """Seconds of imports, and of the first step of CIFAR-quick in a process: with nothing compiled yet, and again."""
    result = {"import": imports(settings.rounds), "first_step": {}}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "start.npz")
        rounds.start.write(file, "cifar_quick", 100)
        for side, words in settings.sides().items():
            command = ["side", words[0], "cifar_quick", "step", file, 3, *words[1:]]
            cache = os.path.join(folder, side)  # where compiled loops are kept; empty at first
            runs = [rounds.process(command, settings.threads, NUMBA_CACHE_DIR=cache) for _ in range(2)]
            first, again = (run["first_s"] for run in runs)
            result["first_step"][side] = {"s": first, "again_s": again, "later_s": statistics.median(runs[1]["times"])}
    return result


def imports(turns):
    """Seconds of imports in a fresh interpreter, whose own start is taken off."""
    codes = ["import cafe_edu", "from cafe_edu import Net, Solver", "import numpy"]
    times = {code: [] for code in ["pass", *codes]}
    for _ in range(turns):
        for code, spent in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, cwd=rounds.ROOT)
            spent.append(time.perf_counter() - start)
    medians = {code: statistics.median(spent) for code, spent in times.items()}
    return {code: medians[code] - medians["pass"] for code in codes}


def data_loop(settings):
    """LeNet's step fed from an LMDB, beside the same from memory."""
    sides = {side: ["data_loop", side, settings.steps] for side in ("lmdb", "memory")}
    found = rounds.in_turns("data loop", sides, settings.rounds, settings.threads)
    rounds.check_agreement(found)
    return rounds.summary(found)


PARTS = {name: lambda settings, name=name: net(settings, name) for name in targets.NETS}
ON_GPU = {name: lambda settings, name=name: on_gpu(settings, name) for name in targets.ON_GPU}
PARTS |= {part.__name__: part for part in (batch, depth, epoch, startup, data_loop)}
