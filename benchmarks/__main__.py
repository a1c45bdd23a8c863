"""`make bench`: run all, print ratios, write benchmarks/latest.json."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import click
import numpy as np
from tqdm import tqdm

from cafe_edu.files import replacing

HERE = pathlib.Path(__file__).parent


def side_by_side(module, sides, rounds, steps):
    """Run each side in turn, in processes of their own; return side -> list of what each round printed."""
    found = {side: [] for side in sides}
    for number in tqdm(range(rounds), desc=module, unit="round"):
        for side in sides if number % 2 == 0 else sides[::-1]:
            command = [sys.executable, "-m", f"benchmarks.{module}", side, str(steps)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
            if done.returncode:
                raise click.ClickException(f"{' '.join(command[1:])} failed:\n{done.stderr}")
            found[side].append(json.loads(done.stdout))
    return found


def compare(found, ours, theirs):
    """Medians, spread and ratio of two sides that computed the same losses."""
    first, second = (np.array([r["losses"] for r in found[side]]) for side in (ours, theirs))
    if not np.allclose(first, second, rtol=1e-3):
        raise click.ClickException(f"the two sides do not compute the same: losses {first[0]} and {second[0]}")
    result = {}
    for side in (ours, theirs):
        medians = [1000 * statistics.median(r["times"]) for r in found[side]]
        every = [1000 * t for r in found[side] for t in r["times"]]
        result[side] = {"median_ms": statistics.median(every), "rounds_ms": medians}
    result["ratio"] = result[ours]["median_ms"] / result[theirs]["median_ms"]
    rounds = zip(result[ours]["rounds_ms"], result[theirs]["rounds_ms"], strict=True)
    result["ratio_by_round"] = sorted(a / b for a, b in rounds)
    return result


def import_times(rounds):
    """Seconds that imports take in a fresh interpreter, the interpreter's own start taken off: code -> median."""
    codes = ["import cafe_edu", "from cafe_edu import Net, Solver", "import numpy"]
    times = {code: [] for code in ["pass", *codes]}
    for _ in range(rounds):
        for code, spent in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parent)
            spent.append(time.perf_counter() - start)
    medians = {code: statistics.median(spent) for code, spent in times.items()}
    return {code: medians[code] - medians["pass"] for code in codes}


def machine():
    """What the numbers were measured on."""
    import torch

    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines() if pathlib.Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "torch_threads": torch.get_num_threads(),
    }


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Turns of each side.")
@click.option("--steps", default=40, show_default=True, help="Steps in each turn.")
def main(rounds, steps):
    """Measure cafe_edu beside PyTorch, and its data layer beside data in memory."""
    found = {"machine": machine(), "import_s": import_times(rounds)}
    found["lenet_step"] = compare(side_by_side("lenet_step", ["ours", "torch"], rounds, steps), "ours", "torch")
    found["data_loop"] = compare(side_by_side("data_loop", ["lmdb", "memory"], rounds, steps), "lmdb", "memory")
    with replacing(HERE / "latest.json") as new:
        new.write_text(json.dumps(found, indent=1) + "\n")
    report(found)


def report(found):
    """Print the numbers, one a line."""
    step, host = found["lenet_step"], found["machine"]
    low, high = step["ratio_by_round"][0], step["ratio_by_round"][-1]
    ours, theirs = step["ours"]["median_ms"], step["torch"]["median_ms"]
    click.echo(f"{host['cpu']}, {host['cores']} cores, torch {host['torch']}")
    for code, seconds in found["import_s"].items():
        click.echo(f"{code:34}{seconds:.2f} s")
    click.echo(f"{'LeNet step, batch 64':34}{ours:.1f} ms, PyTorch {theirs:.1f} ms")
    click.echo(f"{'':34}ratio {step['ratio']:.2f}, by round {low:.2f} to {high:.2f} (to hold: 1.6)")
    loop = found["data_loop"]
    low, high = loop["ratio_by_round"][0], loop["ratio_by_round"][-1]
    read, at_hand = loop["lmdb"]["median_ms"], loop["memory"]["median_ms"]
    click.echo(f"{'the same from an LMDB':34}{read:.1f} ms, from memory {at_hand:.1f} ms")
    click.echo(f"{'':34}ratio {loop['ratio']:.2f}, by round {low:.2f} to {high:.2f} (to hold: 1.05)")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
