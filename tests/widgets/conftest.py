"""A real LeNet that has learned a little, for widgets to look into."""

import numpy as np
import pytest

from cafe_edu.data.digits import read_digits
from cafe_edu.demo import ZOO
from cafe_edu.net import Net
from cafe_edu.prototxt import parse_net, read_net
from cafe_edu.solver import Solver

MEMORY = """
layer { name: "digits" type: "MemoryData" top: "data" top: "label"
  memory_data_param { batch_size: 64 channels: 1 height: 28 width: 28 } }
"""


@pytest.fixture(scope="session")
def digits():
    """Test images as LeNet takes them, (360, 1, 28, 28) from 0 to 1, and their labels."""
    _, _, x, y = read_digits()
    return x / np.float32(256), y


@pytest.fixture(scope="session")
def trained():
    """A Solver that has taught LeNet for 60 steps, from memory: it reads most test digits rightly."""
    spec = read_net(ZOO / "lenet" / "lenet_train_test.prototxt")
    layers = [*parse_net(MEMORY).layer, *(layer for layer in spec.layer if layer.type not in ("Data", "Accuracy"))]
    del spec.layer[:]
    spec.layer.extend(layers)
    how = "base_lr: 0.01\nmomentum: 0.9\nlr_policy: 'fixed'\nmax_iter: 60\nrandom_seed: 1\nsnapshot_after_train: false"
    solver = Solver(how, engine="plain", net_param=spec)
    x, y, _, _ = read_digits()
    solver.net.layers[0].reset(x[:1408] / np.float32(256), y[:1408])
    solver.solve()
    return solver


@pytest.fixture
def lenet(trained):
    """LeNet for use, with a copy of those weights: each test's own."""
    net = Net(ZOO / "lenet" / "lenet.prototxt")
    for name, blobs in net.params.items():
        for blob, learned in zip(blobs, trained.net.params[name], strict=True):
            blob.data = learned.data
    return net
