"""Where all sides begin: one file with a net's first weights, the rule of its training, one batch."""

import numpy as np

from benchmarks import nets
from cafe_edu import Net

RATE, MOMENTUM, DECAY = 0.001, 0.9, 0.0005  # slow: five steps of two machines must not drift apart


def write(path, name, batch):
    """Write the file.

    It holds ``data`` and ``label``; ``rule``, the three numbers above; ``weight_0``, ``weight_1``, ...; and for each of
    these a row of ``multipliers``: how many times the rate and the decay it takes.
    """
    net = Net(nets.make(name, batch, "step"), "TRAIN", rng=1)
    image, classes = nets.SIZES[name]
    rng = np.random.default_rng(0)
    data, label = rng.normal(size=(batch, *image)), rng.integers(0, classes, batch)
    params = learned(net)
    multipliers = [[1 if m is None else m for m in (param.lr_mult, param.decay_mult)] for param in params]
    weights = {f"weight_{i}": param.blob.data for i, param in enumerate(params)}
    rest = {"rule": [RATE, MOMENTUM, DECAY], "multipliers": multipliers}
    np.savez(path, data=np.float32(data), label=np.float32(label), **rest, **weights)


def learned(net):
    """Return the parameters that a solver changes: all but the statistics of BatchNorm."""
    return [param for param in net.learnable if param.lr_mult != 0]
