"""One side of one round: `python -m benchmarks.lenet_step ours|torch STEPS` prints losses and step times as JSON."""

import json
import pathlib
import sys
import time

import numpy as np

import cafe_edu
from cafe_edu import prototxt
from cafe_edu.proto import caffe_pb2

BATCH, RATE, MOMENTUM, DECAY = 64, 0.01, 0.9, 0.0005
WARM_UP = 5


def solver():
    """LeNet as shipped, its Data layer replaced by one batch in memory, and its solver."""
    zoo = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet"
    shipped = prototxt.read_net(zoo / "lenet_train_test.prototxt")
    net = prototxt.parse_net(
        f'layer {{ name: "digits" type: "Input" top: "data" top: "label" '
        f"input_param {{ shape {{ dim: {BATCH} dim: 1 dim: 28 dim: 28 }} shape {{ dim: {BATCH} }} }} }}"
    )
    net.layer.extend(layer for layer in shipped.layer if layer.type not in ("Data", "Accuracy"))
    spec = caffe_pb2.SolverParameter(
        base_lr=RATE, momentum=MOMENTUM, weight_decay=DECAY, lr_policy="fixed", random_seed=1
    )
    spec.net_param.CopyFrom(net)
    made = cafe_edu.Solver(spec)
    rng = np.random.default_rng(0)
    made.net.blobs["data"].data = rng.normal(size=(BATCH, 1, 28, 28))
    made.net.blobs["label"].data = rng.integers(0, 10, BATCH)
    return made


def ours():
    """Return a function that does one step and returns its loss."""
    made = solver()

    def step():
        made.step(1)
        return made.train_record[-1]["loss"]

    return step


def torch_():
    """The same in PyTorch: same weights, same batch, same rule (biases learn at twice the rate)."""
    import torch
    from torch import nn

    net = solver().net
    model = nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip
    with torch.no_grad():
        for mine, theirs in zip(net.learnable, model.parameters(), strict=True):
            theirs.copy_(torch.from_numpy(mine.blob.data))
    parameters = list(model.parameters())
    rule = torch.optim.SGD(
        [{"params": parameters[0::2], "lr": RATE}, {"params": parameters[1::2], "lr": 2 * RATE}],
        lr=RATE, momentum=MOMENTUM, weight_decay=DECAY,
    )  # fmt: skip
    x = torch.from_numpy(net.blobs["data"].data)
    t = torch.from_numpy(net.blobs["label"].data).long()

    def step():
        rule.zero_grad()
        loss = nn.functional.cross_entropy(model(x), t)
        loss.backward()
        rule.step()
        return loss.item()

    return step


if __name__ == "__main__":
    step, count = {"ours": ours, "torch": torch_}[sys.argv[1]](), int(sys.argv[2])
    losses = [step() for _ in range(WARM_UP)]
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"losses": losses, "times": times}))
