"""`make bench`: measure, print the ratios, write latest.json and latest.png; of a GPU, latest_gpu.json."""

import dataclasses
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform

import click
import numpy as np

from benchmarks import picture, report
from benchmarks.parts import ON_GPU, PARTS, Settings
from cafe_edu.device import doctor, module_of
from cafe_edu.errors import CafeError
from cafe_edu.files import replacing


def machine(threads):
    """What the numbers are measured on, and how busy it was before."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines() if pathlib.Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": names[0] if names else platform.processor(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "threads": threads,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name')} {blas.get('version')}",
        **{name: version(name) for name in ("numba", "torch")},
    }


def version(package):
    """The version of a package, or None."""
    return importlib.metadata.version(package) if importlib.util.find_spec(package) else None


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PARTS)))
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--steps", default=20, show_default=True, help="Runs in a turn, at most.")
@click.option("--threads", default=os.cpu_count(), show_default=True, help="Threads on both sides.")
@click.option("--engine", help="Who computes on our side, as Net's `engine`.")
@click.option("--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True,
              help=f"Where both sides compute; on a GPU there are {', '.join(ON_GPU)}.")  # fmt: skip
@click.option("--quick", is_flag=True, help="One turn of two runs: does it work?")
@click.option("--out", default=pathlib.Path(__file__).parent, type=click.Path(path_type=pathlib.Path, file_okay=False),
              help="Folder for latest.json and latest.png.")  # fmt: skip
def main(names, rounds, steps, threads, engine, device, quick, out):
    """Measure cafe_edu beside PyTorch: all, or the parts named."""
    settings = Settings(*((1, 2) if quick else (rounds, steps)), threads, engine, quick, device)
    found = {"machine": machine(threads), "settings": dataclasses.asdict(settings)}
    out.mkdir(parents=True, exist_ok=True)
    if device == "gpu":
        measure_on_gpu(names, settings, found, out)
        return
    for name in names or PARTS:
        found[name] = PARTS[name](settings)
        with replacing(out / "latest.json") as new:  # after every part: an hour's work is not lost to the last
            new.write_text(json.dumps(found, indent=1) + "\n")
    figure = picture.draw(found)
    if figure:
        with replacing(out / "latest.png") as new:
            figure.savefig(new, format="png", metadata={"Software": None})
    for line in report.lines(found):
        click.echo(line)


def measure_on_gpu(names, settings, found, out):
    """The same with both sides on a GPU; for the nets that are measured there."""
    others = [name for name in names if name not in ON_GPU]
    if others:
        raise click.UsageError(f"on a GPU there are {', '.join(ON_GPU)}, found {', '.join(others)}")
    try:
        module_of("gpu")
    except CafeError as error:
        raise click.ClickException(f"no GPU here: {error}") from None
    found["machine"]["gpu"], found["on_gpu"] = dict(doctor())["GPU"], {}
    for name in names or ON_GPU:
        found["on_gpu"][name] = ON_GPU[name](settings)
        with replacing(out / "latest_gpu.json") as new:
            new.write_text(json.dumps(found, indent=1) + "\n")
    for line in report.lines(found):
        click.echo(line)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
