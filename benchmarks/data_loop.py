"""One side of one round: `python -m benchmarks.data_loop lmdb|waiting|memory STEPS` prints losses and times as JSON.

LeNet learns handwriting from the same batches three times: from an LMDB with batches made ahead of time (`lmdb`), from
it with each batch made when it is needed (`waiting`), and from arrays that were in memory before (`memory`).
"""

import json
import pathlib
import sys
import time

import cafe_edu
from cafe_edu import prototxt
from cafe_edu.data import datasets
from cafe_edu.proto import caffe_pb2

BATCH, WARM_UP = 64, 5
DATA = """
layer {{
  name: "digits" type: "Data" top: "data" top: "label" transform_param {{ scale: 0.00390625 }}
  data_param {{ source: "{source}" batch_size: {batch} backend: LMDB prefetch: {ahead} }}
}}
"""
INPUT = """
layer {{
  name: "digits" type: "Input" top: "data" top: "label"
  input_param {{ shape {{ dim: {batch} dim: 1 dim: 28 dim: 28 }} shape {{ dim: {batch} }} }}
}}
"""


def solver(first):
    """LeNet's solver as shipped, ``first`` in place of its Data layers."""
    zoo = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet"
    shipped = prototxt.read_net(zoo / "lenet_train_test.prototxt")
    net = prototxt.parse_net(first)
    net.layer.extend(layer for layer in shipped.layer if layer.type not in ("Data", "Accuracy"))
    spec = caffe_pb2.SolverParameter(
        base_lr=0.01, momentum=0.9, weight_decay=0.0005, lr_policy="fixed", random_seed=1
    )
    spec.net_param.CopyFrom(net)
    return cafe_edu.Solver(spec)


def first_layer(side):
    if side == "memory":
        return INPUT.format(batch=BATCH)
    source = datasets.lmdb("handwriting", "train").as_posix()
    return DATA.format(source=source, batch=BATCH, ahead=4 if side == "lmdb" else 0)


if __name__ == "__main__":
    side, count = sys.argv[1], int(sys.argv[2])
    made, batches = solver(first_layer(side)), []
    if side == "memory":
        net = cafe_edu.Net(first_layer("waiting"))
        batches = [net.forward() for _ in range(WARM_UP + count)]
    times, losses = [], []
    for i in range(WARM_UP + count):
        start = time.perf_counter()
        if batches:
            made.net.blobs["data"].data, made.net.blobs["label"].data = batches[i]["data"], batches[i]["label"]
        made.step(1)
        times.append(time.perf_counter() - start)
        losses.append(made.train_record[-1]["loss"])
    print(json.dumps({"losses": losses[:WARM_UP], "times": times[WARM_UP:]}))
