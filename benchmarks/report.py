"""What was measured, as text."""

from benchmarks import targets

COLUMNS = (
    "net", "what", "ours ms", "plain ms", "PyTorch ms", "ratio, low to high", "to hold", "over floor", "to hold",
    "memory MB", "to hold",
)  # fmt: skip


def lines(found):
    """Yield the report on the contents of latest.json."""
    host = found["machine"]
    yield f"{host['cpu']}, {host['cores']} cores, {host['threads']} threads on each side"
    if "gpu" in host:
        yield f"GPU: {host['gpu']}; PyTorch with cuDNN, float32 without TF32"
    yield f"Python {host['python']}, numpy {host['numpy']} ({host['blas']}), PyTorch {host['torch'] or 'not installed'}"
    if host["load"] is not None and host["load"] > 0.5:
        yield f"NOISE: {host['load']:.1f} other processes were busy at the start; measure again on a quiet machine."
    nets = {name: part for name, part in found.items() if name in targets.NETS}
    if nets:
        yield from ["", *table([COLUMNS, *(row(name, part) for name, part in nets.items())])]
    for name, report in REPORTS.items():
        if name in found:
            yield from ["", *report(found[name])]


def table(rows):
    """Lay out rows of words in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(word.ljust(width) for word, width in zip(r, widths, strict=True)).rstrip() for r in rows]


def row(name, part):
    """One net's line of the table; a dash where a side is not there or nothing is promised."""
    target, ours, torch = targets.NETS[name], part["ours"], part.get("torch", {})
    ms = [f"{part[side]['ms']:.1f}" if side in part else "-" for side in ("ours", "ours-plain", "torch")]
    speed, floor = ours.get("over_torch"), ours["over_floor"]["median"]
    memory = "-"
    if {"memory_mb"} <= ours.keys() & torch.keys():
        memory = f"{ours['memory_mb']:.0f} to {torch['memory_mb']:.0f}"
    held = memory_ratio(part)
    return (
        target.title, f"{target.what}, {target.batch}", *ms,
        spread(speed) if speed else "-", hold(speed and speed["median"], target.ratio), f"{floor:.2f}",
        hold(floor, target.floor), memory, hold(held, targets.MEMORY),
    )  # fmt: skip


def memory_ratio(part):
    """Our memory over PyTorch's, or None."""
    ours, torch = part["ours"].get("memory_mb"), part.get("torch", {}).get("memory_mb")
    return ours / torch if ours and torch else None


def spread(ratio):
    """A ratio with those of its best and its worst round."""
    return f"{ratio['median']:.2f}, {ratio['low']:.2f} to {ratio['high']:.2f}"


def hold(number, most):
    """The number to hold, and whether it is held."""
    if most is None or number is None:
        return "-" if most is None else f"{most:g}"
    return f"{most:g} {'held' if number <= most else 'MISSED'}"


def batch(part):
    """Time per image by the size of the batch."""
    yield "LeNet, ms per image: " + ", ".join(f"{t:.3f} ({n})" for n, t in part["ms_per_image"].items())
    yield f"longest over shortest {part['spread']:.2f}, to hold {hold(part['spread'], targets.FLAT)}"


def depth(part):
    """Time by depth."""
    yield "ResNet step of 32 images, ms: " + ", ".join(f"{t:.0f} ({d} layers)" for d, t in part["ms"].items())
    off = part["off_the_line"]
    yield (
        f"{part['ms_per_layer']:.2f} ms a layer; farthest from the straight line {100 * off:.1f} %, "
        f"to hold {hold(100 * off, 100 * targets.LINEAR)}"
    )


def epoch(part):
    """The whole training set, once."""
    yield f"LeNet, one epoch of {part['data']} in batches of 64 ({part['steps']} steps)"
    for side, found in part["sides"].items():
        yield f"    {side:12}{found['s']:.1f} s"
    if "over_torch" in part["sides"]["ours"]:
        yield f"    ours over torch {spread(part['sides']['ours']['over_torch'])}"


def startup(part):
    """Imports and first steps."""
    for code, seconds in part["import"].items():
        held = f", to hold {hold(seconds, targets.IMPORT)}" if code == "import cafe_edu" else ""
        yield f"{code:36}{seconds:.2f} s{held}"
    for side, found in part["first_step"].items():
        yield (
            f"CIFAR-quick, {side}: first step {found['s']:.2f} s with nothing compiled yet, "
            f"{found['again_s']:.2f} s in the next process, a later step {found['later_s']:.2f} s"
        )


def data_loop(part):
    """LMDB beside memory."""
    ratio = part["lmdb"]["over_memory"]
    yield (
        f"LeNet step from an LMDB {part['lmdb']['ms']:.1f} ms, from memory {part['memory']['ms']:.1f} ms, "
        f"ratio {spread(ratio)}, to hold {hold(ratio['median'], targets.LMDB)}"
    )


def on_gpu(part):
    """Nets on a GPU."""
    rows = [("net", "what", "ours ms", "plain ms", "PyTorch ms", "ratio, low to high", "memory MB")]
    for name, sides in part.items():
        target, speed = targets.ON_GPU[name], sides["ours"].get("over_torch")
        ms = [f"{sides[side]['ms']:.2f}" if side in sides else "-" for side in ("ours", "ours-plain", "torch")]
        memory = " to ".join(f"{sides[side]['memory_mb']:.0f}" for side in ("ours", "torch") if side in sides)
        what = f"{target.what}, {target.batch}"
        rows.append((target.title, what, *ms, spread(speed) if speed else "-", memory))
    yield from table(rows)


REPORTS = {report.__name__: report for report in (batch, depth, epoch, startup, data_loop, on_gpu)}
