"""Write docs/scaling.md and scaling.png: what several ranks bring, measured on one machine and computed for clusters.

The measured numbers are those of benchmarks/parallel_scaling.json, the computed ones follow from the formulas here:
`make docs`.
"""

import json
import math
import pathlib

from cafe_edu.files import replacing
from cafe_edu.parallel.messages import BUCKET

ROOT = pathlib.Path(__file__).parents[1]
NODES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
SHOWN = (2, 8, 32, 128, 512, 1024)
NETWORKS = {  # name -> latency in seconds, bytes a second each way
    "1 Gbit/s Ethernet": (50e-6, 0.117e9),
    "10 Gbit/s Ethernet": (20e-6, 1.17e9),
    "100 Gbit/s InfiniBand": (2e-6, 11.7e9),
}


TEXT = r"""# Several ranks: what they bring

Made by `make docs` from [scaling.py](scaling.py); a test holds it against the script.

```sh
mpiexec -n 4 cafe train --solver lenet_solver.prototxt
```

Each of N processes (ranks) has the whole net and reads its own items of every batch; the gradients are averaged
while the way back still goes on ([parallel/](../cafe_edu/parallel/solver.py) says how). So N ranks with
`batch_size` B learn, up to rounding, what one learns with N B; a test holds 2 and 3 ranks to that. It needs the
extra `mpi` and an MPI: `pip install 'cafe_edu[mpi]' mpich`, or the machine's own. In one notebook, ranks can be
threads: [parallel/threads.py](../cafe_edu/parallel/threads.py).

Give each rank its share of the cores (`OMP_NUM_THREADS`), and think of the learning rate: a batch N times as large
wants another one, often N times as large after a warm-up (Goyal et al. 2017). The numbers below are images a
second, not the time to a given accuracy.

## Measured

On one machine, LeNet on the digits that come with the house, 64 images a rank, read from an LMDB, one thread a
rank:

@MEASURED@

Again on yours: `python -m benchmarks.parallel_scaling`. Ranks on several machines, and on GPUs, have not been
tried. Each rank takes the GPU that its environment shows it (`CUDA_VISIBLE_DEVICES`). If that is one of its own, and
cupy has NCCL, gradients go from GPU to GPU; otherwise through the host's memory.

## Computed

What follows is arithmetic, no measurement. Adding up V bytes over N nodes, by halving and doubling, takes

$$t(V) = 2 \lceil \log_2 N \rceil \, \alpha + 2 \frac{N - 1}{N} \frac{V}{\beta}$$

with the network's latency α and bandwidth β: 50 µs and 0.117 GB/s for 1 Gbit/s Ethernet, 20 µs and 1.17 GB/s for 10
Gbit/s, 2 µs and 11.7 GB/s for 100 Gbit/s InfiniBand. A layer with M multiply-adds an image takes 2 B M / F on its
way forward and twice that on its way back, on a node that keeps up F operations a second. Message k leaves when its
last layer has run, and one after the other:

$$e_k = \max(c_k, e_{k-1}) + t(V_k), \qquad T_N = \max(T_1, e_{last}) + \lceil \log_2 N \rceil \, \alpha$$

For LeNet a node is the one core that was measured. 1 Tflop/s is a server of many cores at its best, 20 Tflop/s a
GPU.

@NETS@

Images a second of N nodes, in percent of N times those of one:

@COMPUTED@

![Speed-up over the nodes, computed: LeNet on a core each, CaffeNet and ResNet-50 at 20 Tflop/s](scaling.png)

100 % says that every message is hidden behind the way back, not that a cluster would reach it. The model leaves
out: nodes that wait for the slowest of them, other traffic, tests and snapshots (rank 0 does them while the others
wait), and reading the data. For that, every rank passes over the records of all others in its database, 0.14 µs
each in an LMDB that lies in memory (measured once): 37 ms a step for 1024 ranks of 256 images, on a thread of its
own. LevelDB reads what it passes over, and is no choice for many ranks. Messages move on only when the program
looks after them, which it does after each layer; so a sum is late by up to one layer's time.
"""


def lenet():
    """(counts of the parameters, multiply-adds of one image) of each layer of LeNet that has any."""
    return [((500, 20), 500 * 24**2), ((25_000, 50), 25_000 * 8**2), ((400_000, 500), 400_000), ((5_000, 10), 5_000)]


def caffenet():
    """The same of CaffeNet, whose images are 227 x 227."""
    convolutions = [(11**2 * 3, 96, 55), (5**2 * 48, 256, 27), (9 * 256, 384, 13)]
    convolutions += [(9 * 192, 384, 13), (9 * 192, 256, 13)]
    products = [(9216, 4096), (4096, 4096), (4096, 1000)]
    layers = [((k * outputs, outputs), k * outputs * side**2) for k, outputs, side in convolutions]
    return layers + [((inputs * outputs, outputs), inputs * outputs) for inputs, outputs in products]


def resnet50():
    """The same of ResNet-50 (He et al. 2015), whose images are 224 x 224; a Scale layer after each convolution."""
    layers, inputs = [((7**2 * 3 * 64, 64, 64), 7**2 * 3 * 64 * 112**2)], 64
    for width, blocks, side in ((64, 3, 56), (128, 4, 28), (256, 6, 14), (512, 3, 7)):
        for block in range(blocks):
            kernels = [(inputs, width), (9 * width, width), (width, 4 * width)]
            kernels = ([(inputs, 4 * width)] if block == 0 else []) + kernels
            layers += [((k * outputs, outputs, outputs), k * outputs * side**2) for k, outputs in kernels]
            inputs = 4 * width
    return [*layers, ((2048 * 1000, 1000), 2048 * 1000)]


NETS = {"LeNet": (lenet(), 64), "CaffeNet": (caffenet(), 256), "ResNet-50": (resnet50(), 256)}  # and images per node


def cases(lenet_ms):
    """Yield (net, what a node is, its operations a second); LeNet on the core that was measured."""
    layers, images = NETS["LeNet"]
    yield "LeNet", "the core above", 6 * images * sum(products for _, products in layers) / (lenet_ms / 1000)
    for net in ("CaffeNet", "ResNet-50"):
        yield net, "1 Tflop/s", 1e12
        yield net, "20 Tflop/s", 20e12


def sum_time(size, ranks, latency, bandwidth):
    r"""Seconds to add up ``size`` bytes over ``ranks`` ranks.

    .. math:: t(V) = 2 \lceil \log_2 N \rceil \, \alpha + 2 \frac{N - 1}{N} \frac{V}{\beta}

    >>> sum_time(1e9, 2, 0, 1e9)
    1.0
    >>> sum_time(0, 1024, 1, 1e9)
    20.0
    """
    return 2 * math.ceil(math.log2(ranks)) * latency + 2 * (ranks - 1) / ranks * size / bandwidth


def messages(layers, bucket=BUCKET):
    """(last layer, bytes) of each message, small ones together, as `cafe_edu.parallel.messages.plan` makes them.

    >>> messages([((10,), 0), ((500_000, 5), 0), ((20,), 0)])
    [(1, 2000000), (0, 140)]
    """
    found, small = [], 0
    for i in reversed(range(len(layers))):
        for count in layers[i][0]:
            if 4 * count >= bucket:
                found.append((i, 4 * count))
                continue
            small += 4 * count
            if small >= bucket:
                found.append((i, small))
                small = 0
    return [*found, (0, small)] if small else found


def step_time(layers, images, ranks, network, rate):
    r"""Seconds of one step of ``ranks`` nodes, each with so many images.

    The way back of layer i takes twice its way forward. A message leaves when its last layer has run and the one
    before it has arrived; the step ends when both the way back and the last message have.

    >>> layers = [((300_000,), 10**6), ((300_000,), 10**6)]
    >>> step_time(layers, 1, 1, (0, 1e6), rate=1e6)
    12.0
    >>> step_time(layers, 1, 2, (0, 1e6), rate=1e6)
    13.2
    """
    latency, bandwidth = network
    forward = [2 * images * products / rate for _, products in layers]
    now, done = sum(forward), {}
    for i in reversed(range(len(layers))):
        now += 2 * forward[i]
        done[i] = now
    if ranks == 1:
        return now
    arrived = 0
    for last, size in messages(layers):
        arrived = max(arrived, done[last]) + sum_time(size, ranks, latency, bandwidth)
    return max(now, arrived) + math.ceil(math.log2(ranks)) * latency  # and the losses


def efficiency(net, ranks, network, rate):
    """Images a second of ``ranks`` nodes, in shares of ``ranks`` times those of one."""
    layers, images = NETS[net]
    return step_time(layers, images, 1, network, rate) / step_time(layers, images, ranks, network, rate)


def document():
    """The text of docs/scaling.md."""
    found = json.loads((ROOT / "benchmarks" / "parallel_scaling.json").read_text(encoding="utf-8"))
    lenet_ms = found["lenet"]["step_ms"][0]
    parts = {"@MEASURED@": _measured(found), "@NETS@": _nets(lenet_ms), "@COMPUTED@": _computed(lenet_ms)}
    text = TEXT
    for name, part in parts.items():
        text = text.replace(name, part)
    return text


def _measured(found):
    lenet, host = found["lenet"], found["machine"]
    low, high = lenet["ratio_by_round"][0], lenet["ratio_by_round"][-1]
    rows = [["ranks", "step", "images a second", "ratio"], ["---"] * 4]
    for i, size in enumerate((1, lenet["ranks"])):
        ratio = "1" if size == 1 else f"**{lenet['ratio']:.2f}** (by round {low:.2f} to {high:.2f})"
        rows.append([str(size), f"{lenet['step_ms'][i]:.1f} ms", f"{lenet['images_per_second'][i]:.0f}", ratio])
    waiting = f"{lenet['waiting_ms']:.1f} ms of a step of {lenet['ranks']} ranks were waiting for gradients of others."
    where = f"{host['cpu']}, {host['cores']} cores; when they were written the machine's load was {host['load']}."
    return "\n".join([*map(_line, rows), "", waiting, where])


def _nets(lenet_ms):
    rows = [["net", "gradients", "messages", "multiply-adds an image", "images a node", "node", "step"], ["---"] * 7]
    for net, node, rate in cases(lenet_ms):
        layers, images = NETS[net]
        size = 4 * sum(sum(counts) for counts, _ in layers)
        products = sum(products for _, products in layers)
        alone = f"{1000 * step_time(layers, images, 1, (0, 1), rate):.0f} ms"
        count = str(len(messages(layers)))
        rows.append([net, f"{size / 1e6:.1f} MB", count, f"{products / 1e6:.1f} million", str(images), node, alone])
    return "\n".join(map(_line, rows))


def _computed(lenet_ms):
    rows = [["net", "node", "network", *(str(n) for n in SHOWN)], ["---"] * (3 + len(SHOWN))]
    for net, node, rate in cases(lenet_ms):
        for name, network in NETWORKS.items():
            rows.append([net, node, name, *(f"{100 * efficiency(net, n, network, rate):.0f} %" for n in SHOWN)])
    return "\n".join(map(_line, rows))


def _line(cells):
    return f"| {' | '.join(cells)} |"


def draw(path):
    """Draw the computed speed-up over the number of nodes."""
    from matplotlib.figure import Figure

    found = json.loads((ROOT / "benchmarks" / "parallel_scaling.json").read_text(encoding="utf-8"))
    shown = [case for case in cases(found["lenet"]["step_ms"][0]) if case[1] != "1 Tflop/s"]
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    for axes, (net, node, rate) in zip(figure.subplots(1, len(shown), sharey=True), shown, strict=True):
        for (name, network), width in zip(NETWORKS.items(), (5, 3, 1.5), strict=True):  # where they lie on each other
            times = [n * efficiency(net, n, network, rate) for n in NODES]
            axes.plot(NODES, times, linewidth=width, label=name)
        axes.plot(NODES, NODES, color="black", linestyle=":", label="as many times as nodes")
        axes.set(title=f"{net}, {node}", xlabel="nodes", xscale="log", yscale="log")
        axes.set_xticks(NODES[1::2], NODES[1::2], minor=False)
        axes.minorticks_off()
    figure.axes[0].set_ylabel("images a second, in times one node's")
    figure.axes[0].legend(fontsize=8)
    figure.suptitle("Computed, not measured", fontsize=10)
    with replacing(path) as new:
        figure.savefig(new, format="png", dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    with replacing(ROOT / "docs" / "scaling.md") as new:
        new.write_text(document(), encoding="utf-8", newline="\n")
    draw(ROOT / "docs" / "scaling.png")
    print("docs/scaling.md and docs/scaling.png are written")
