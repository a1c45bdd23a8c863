"""Each layer type beside a plain copy of its numbers: `python -m benchmarks.layer_times` writes layer_times.json.

A copy of all that a layer reads and writes is what no layer can beat that does not share memory. Forward and
backward together are therefore given in copies: 1 is the floor of a layer that moves every number once each way. Types
that multiply matrices are held against the time of the bare products as well.
"""

import json
import math
import pathlib
import statistics
import time

import click
import numpy as np

from cafe_edu.files import replacing
from cafe_edu.layer import REGISTRY
from cafe_edu.testing import make_layer

HERE = pathlib.Path(__file__).parent
IMAGES, ROWS = (32, 64, 28, 28), (256, 1000)


def _normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _whole(count, *shape):
    return np.random.default_rng(0).integers(0, count, shape).astype(np.float32)


def _likely(*shape):
    p = np.abs(_normal(*shape)) + 0.1
    return p / p.sum(axis=1, keepdims=True)


# type: (options, bottoms, tops), where an image and one top will not do
SIZES = {
    "Accuracy": ("", [_normal(*ROWS), _whole(1000, 256)], 1),
    "ArgMax": ("", [_normal(*ROWS)], 1),
    "BatchReindex": ("", [_normal(*IMAGES), _whole(32, 32)], 1),
    "Clip": ("clip_param { min: -1 max: 1 }", [_normal(*IMAGES)], 1),
    "Concat": ("", [_normal(*IMAGES), _normal(*IMAGES)], 1),
    "ContrastiveLoss": ("", [_normal(*ROWS), _normal(*ROWS), _whole(2, 256)], 1),
    "Convolution": ("convolution_param { num_output: 64 kernel_size: 3 pad: 1 }", [_normal(*IMAGES)], 1),
    "Crop": ("crop_param { offset: 2 }", [_normal(*IMAGES), _normal(32, 64, 24, 24)], 1),
    "Deconvolution": ("convolution_param { num_output: 64 kernel_size: 4 stride: 2 pad: 1 }", [_normal(*IMAGES)], 1),
    "Eltwise": ("", [_normal(*IMAGES), _normal(*IMAGES)], 1),
    "Embed": ("embed_param { num_output: 256 input_dim: 10000 }", [_whole(10000, 64, 20)], 1),
    "EuclideanLoss": ("", [_normal(*ROWS), _normal(*ROWS)], 1),
    "Filter": ("", [_normal(*IMAGES), _whole(2, 32)], 1),
    "HingeLoss": ("", [_normal(*ROWS), _whole(1000, 256)], 1),
    "Im2col": ("convolution_param { kernel_size: 3 pad: 1 }", [_normal(*IMAGES)], 1),
    "InfogainLoss": ("", [_normal(256, 100), _whole(100, 256), np.eye(100, dtype=np.float32)], 1),
    "InnerProduct": ("inner_product_param { num_output: 1024 }", [_normal(256, 1024)], 1),
    "Interp": ("interp_param { zoom_factor: 2 }", [_normal(*IMAGES)], 1),
    "LSTM": ("recurrent_param { num_output: 256 }", [_normal(20, 32, 256), np.ones((20, 32))], 1),
    "LSTMUnit": ("", [_normal(1, 256, 256), _normal(1, 256, 1024), np.ones((1, 256))], 2),
    "Log": ("", [_likely(*IMAGES)], 1),
    "MultinomialLogisticLoss": ("", [_likely(*ROWS), _whole(1000, 256)], 1),
    "Permute": ("permute_param { order: 0 order: 2 order: 3 order: 1 }", [_normal(*IMAGES)], 1),
    "Pooling": ("pooling_param { kernel_size: 3 stride: 2 }", [_normal(*IMAGES)], 1),
    "QuantizedConvolution": ("convolution_param { num_output: 64 kernel_size: 3 pad: 1 }", [_normal(*IMAGES)], 1),
    "QuantizedInnerProduct": ("inner_product_param { num_output: 1024 }", [_normal(256, 1024)], 1),
    "RNN": ("recurrent_param { num_output: 256 }", [_normal(20, 32, 256), np.ones((20, 32))], 1),
    "Reshape": ("reshape_param { shape { dim: 0 dim: -1 } }", [_normal(*IMAGES)], 1),
    "SPP": ("spp_param { pyramid_height: 3 }", [_normal(*IMAGES)], 1),
    "SigmoidCrossEntropyLoss": ("", [_normal(*ROWS), _likely(*ROWS)], 1),
    "Silence": ("", [_normal(*IMAGES)], 0),
    "Slice": ("", [_normal(*IMAGES)], 2),
    "SoftmaxWithLoss": ("", [_normal(*ROWS), _whole(1000, 256)], 1),
    "Split": ("", [_normal(*IMAGES)], 2),
    "Tile": ("tile_param { tiles: 2 }", [_normal(*IMAGES)], 1),
    "Upsample": ("upsample_param { scale: 2 }", [_normal(*IMAGES)], 1),
}
# type: multiply-adds forward, as a function of the trial; backward, where there is one, takes two times as many
PRODUCTS = {
    "Convolution": lambda t: t.top[0].count * math.prod(t.layer.params[0].shape[1:]),
    "Deconvolution": lambda t: t.bottom[0].count * math.prod(t.layer.params[0].shape[1:]),
    "InnerProduct": lambda t: t.top[0].count * t.layer.params[0].shape[1],
    "LSTM": lambda t: 20 * 32 * (t.layer.params[0].count + t.layer.params[2].count),
    "QuantizedConvolution": lambda t: t.top[0].count * math.prod(t.layer.params[0].shape[1:]),
    "QuantizedInnerProduct": lambda t: t.top[0].count * t.layer.params[0].shape[1],
    "RNN": lambda t: 20 * 32 * (t.layer.params[0].count + t.layer.params[2].count + t.layer.params[3].count),
}


def sources():
    """Types that read no blob, or write to a file: nothing to hold against a copy."""
    return {name for name, cls in REGISTRY.items() if cls.num_bottom == 0} | {"HDF5Output", "Python"}


def measure(name, rounds, rate):
    """Copies, and for products the part of the product's bare time, of one type's forward and backward."""
    spec, bottom, tops = SIZES.get(name, ("", [_normal(*IMAGES)], 1))
    trial = make_layer(name, *bottom, spec=spec, tops=tops, dtype=np.float32)
    trial.layer.reshape(trial.bottom, trial.top)
    for blob in trial.top:
        blob.diff[...] = 1 / max(1, blob.count)
    wanted = [i not in trial.layer.no_gradient for i in range(len(trial.bottom))]
    backward = type(trial.layer).backward is not type(trial.layer).__mro__[1].backward
    mine = [blob.data for blob in (*trial.bottom, *trial.top)]
    other = [np.empty_like(array) for array in mine]

    def run():
        trial.layer.forward(trial.bottom, trial.top)
        if backward:
            trial.layer.backward(trial.top, wanted, trial.bottom)

    def copy():
        for _ in range(1 + backward):
            for a, b in zip(mine, other, strict=True):
                np.copyto(b, a)

    run(), copy()
    times = {run: [], copy: []}
    for _ in range(rounds):
        for side, spent in times.items():
            start = time.perf_counter()
            side()
            spent.append(time.perf_counter() - start)
    layer, floor = (statistics.median(times[side]) for side in (run, copy))
    found = {"ms": round(1000 * layer, 2), "copies": float(f"{layer / floor:.2g}")}
    if name in PRODUCTS:
        found["product"] = float(f"{(1 + 2 * backward) * 2 * PRODUCTS[name](trial) / rate / layer:.2g}")
    return found


def product_rate(rounds):
    """Floating point operations a second of a matrix product of a size at which BLAS is at ease."""
    a, b = _normal(1024, 1024), _normal(1024, 1024)
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        np.matmul(a, b)
        times.append(time.perf_counter() - start)
    return 2 * 1024**3 / statistics.median(times[1:])


@click.command()
@click.option("--rounds", default=9, show_default=True)
@click.argument("names", nargs=-1)
def main(rounds, names):
    """Measure all layer types, or those named, and write layer_times.json."""
    import cafe_edu.layers  # noqa: F401 (fills the registry)

    path = HERE / "layer_times.json"
    found = json.loads(path.read_text()) if path.exists() and names else {}
    for name in names or sorted({*REGISTRY} - sources()):
        found[name] = measure(name, rounds, product_rate(rounds))
        click.echo(f"{name:26}{found[name]}")
    with replacing(path) as new:
        new.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.layer_times")
