"""One side of one round, in a process of its own: `python -m benchmarks.side SIDE NET WHAT FILE STEPS [ENGINE]`.

SIDE is ours, torch or floor, with ":gpu" behind it if it shall compute there; WHAT is step, forward or epoch; FILE is
what `start` wrote. Printed is JSON: some numbers that every side must agree on, the seconds of the first run and of
each measured one, and the memory taken at most, of the GPU if that computes.
"""

import importlib
import importlib.util
import json
import pathlib
import sys
import time

import numpy as np

WARM_UP = 5
PATIENCE, LEAST = 10, 3  # a round ends after so many seconds, if it has so many runs


def load(side):
    """Import what a side needs, and return its class."""
    module, name = {"ours": ("ours", "Ours"), "torch": ("theirs", "Theirs"), "floor": ("floor", "Floor")}[side]
    if side == "ours" and importlib.util.find_spec("cafe_edu.engines") and importlib.util.find_spec("numba"):
        import cafe_edu.engines.fast_cpu
        import cafe_edu.layers  # noqa: F401 (a library's own memory is not the net's, nor is numba's)
    return getattr(importlib.import_module(f"benchmarks.{module}"), name)


def peak():
    """Return the most memory this process ever had, in MB; None where the system does not say (Windows)."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count the process that started this one, too
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on a Mac


def measure(side, name, what, file, steps, engine=None):
    """Build one side, warm it up, and measure it."""
    side, _, device = side.partition(":")
    cls = load(side)
    before, first = peak(), np.load(file)
    one = cls(first, name, what, **({"engine": engine} if engine else {}), **({"device": device} if device else {}))
    start = time.perf_counter()
    numbers = [one.run()]
    found = {"first_s": time.perf_counter() - start}
    numbers += [one.run() for _ in range(WARM_UP - 1)]
    if device:
        found["memory_mb"] = one.memory() / 1024**2
    else:
        found["memory_mb"] = None if before is None else peak() - before
    if side != "floor":
        found |= {"losses": numbers, "moved": moved(one, first)} if what != "forward" else {"answer": answer(numbers)}
    return found | {"times": through(one, epoch(first)[:steps]) if what == "epoch" else again(one, steps)}


def again(one, steps):
    """Return the seconds of each run on the same batch, each until all is done."""
    times = []
    while len(times) < steps and (len(times) < LEAST or sum(times) < PATIENCE):
        one.wait()
        start = time.perf_counter()
        one.run()
        one.wait()
        times.append(time.perf_counter() - start)
    return times


def through(one, batches):
    """Return the seconds of each run on a batch of its own, made of pixels first."""
    times = []
    for x, t in batches:
        start = time.perf_counter()
        one.feed(x.astype(np.float32) / 256, t.astype(np.float32))
        one.run()
        times.append(time.perf_counter() - start)
    return times


def moved(one, first):
    """How far each parameter has gone from where it began: wrong rates, decays and gradients show here."""
    return [float(np.linalg.norm(w - first[f"weight_{i}"])) for i, w in enumerate(one.weights())]


def answer(numbers):
    """The probabilities of the last image."""
    return numbers[-1][-1].tolist()


def epoch(first):
    """Return all training images once, cut into batches."""
    from cafe_edu.data import datasets

    data, n = datasets.load("handwriting"), len(first["label"])
    return [(data.x_train[i : i + n], data.y_train[i : i + n]) for i in range(0, len(data.x_train) - n + 1, n)]


if __name__ == "__main__":
    side, name, what, file, steps, *engine = sys.argv[1:]
    print(json.dumps(measure(side, name, what, file, int(steps), *engine)))
