"""The demo: LeNet learns to read handwriting, and shows what it learned."""

import pathlib
import time

import numpy as np

from cafe_edu import prototxt
from cafe_edu.data import datasets
from cafe_edu.log import log_to
from cafe_edu.net import Net
from cafe_edu.solver import Solver

ZOO = pathlib.Path(__file__).parent / "zoo"  #: prototxt files that come with the package


def demo(folder, data="digits", progress=True):
    """Train LeNet with the shipped solver; write model, state, log and picture to ``folder``.

    Parameters
    ----------
    folder : path
    data : {"digits", "mnist", "handwriting"}
        The embedded digits; MNIST (fetched before); or MNIST if it is at hand, else the digits.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict
        accuracy (of the test set, 0 to 1), seconds (of training), images (learnt from), model, state, log and picture
        (paths).
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    digits = datasets.load(data)
    handler = log_to(path=folder / "lenet.log")
    try:
        solver = _solver(digits, folder)
        start = time.perf_counter()
        solver.solve(progress=progress)
        seconds = time.perf_counter() - start
    finally:
        handler.close()
        _logger().removeHandler(handler)
    stem = f"lenet_iter_{solver.iter}"
    model = folder / f"{stem}.caffemodel"
    picture = folder / "lenet.png"
    draw_demo(solver, model, digits).savefig(picture, metadata={"Software": None})
    return {
        "accuracy": solver.test_record[-1]["accuracy"],
        "seconds": seconds,
        "images": solver.iter * solver.net.blobs["data"].shape[0],
        "model": model,
        "state": folder / f"{stem}.solverstate",
        "log": folder / "lenet.log",
        "picture": picture,
    }


def _logger():
    import logging

    return logging.getLogger("cafe_edu")


def _solver(digits, folder):
    """The shipped solver on the shipped net, its data layers turned to the data set."""
    net = prototxt.read_net(ZOO / "lenet" / "lenet_train_test.prototxt")
    for layer, split in zip(net.layer[:2], datasets.SPLITS, strict=True):
        layer.data_param.source = str(datasets.lmdb(digits.name, split))
    changes = {"snapshot_prefix": folder / "lenet"}
    if digits.name == "mnist":  # more to learn from, more to be tested on
        net.layer[1].data_param.batch_size = 100
        changes |= {"test_iter": [100], "test_interval": 500, "max_iter": 2000, "snapshot": 1000}
    spec = prototxt.read_solver(ZOO / "lenet" / "lenet_solver.prototxt")
    spec.ClearField("net")
    spec.net_param.CopyFrom(net)
    return Solver(spec, **changes)


def draw_demo(solver, model, digits):
    """Return the demo's figure: the curve, the filters, one digit's feature maps, some answers."""
    from cafe_edu.drawing import draw_activations, draw_answers, draw_filters, draw_training, new_picture

    net = Net(ZOO / "lenet" / "lenet.prototxt", weights=model)
    chosen = np.r_[_hardest(net, digits), 0:12]
    x = digits.x_test[chosen]
    p = net.forward(data=x / np.float32(256))["prob"]
    picture = new_picture(11, 8, dpi=90)
    above, below = picture.subfigures(2, 1, height_ratios=[1.15, 1])
    left, middle, right = above.subfigures(1, 3, width_ratios=[1.6, 1, 1])
    draw_training(solver, figure=left)
    draw_filters(net, "conv1", "20 filters of conv1", figure=middle)
    draw_activations(net, "conv1", 4, f"what they make of a {digits.y_test[chosen[4]]}", figure=right)
    title = "Test digits it had never seen: the four it reads worst, and twelve more"
    draw_answers(x, p.argmax(1), digits.y_test[chosen], p.max(1), title=title, figure=below)
    return picture


def _hardest(net, digits, count=4):
    """Indices of the test digits whose right answer got the least probability."""
    right = [
        net.forward(data=digits.x_test[i : i + 200] / np.float32(256))["prob"][
            np.arange(len(digits.y_test[i : i + 200])), digits.y_test[i : i + 200]
        ]
        for i in range(0, len(digits.x_test), 200)
    ]
    return np.argsort(np.concatenate(right))[:count]
