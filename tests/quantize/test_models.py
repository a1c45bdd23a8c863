"""Real trained models in 8 bits: as many right, a quarter of the bytes."""

import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net
from cafe_edu.caffemodel import read_blobproto
from cafe_edu.data.idx import read_idx
from cafe_edu.data.images import read_image
from cafe_edu.quantize import load_quantized, quantize


def in_batches(x, size):
    return [x[i : i + size] for i in range(0, len(x), size)]


@pytest.fixture(scope="module")
def mnist(data_folder):
    """500 training images to calibrate on, 10,000 test images, their labels."""
    folder = data_folder / "mnist"
    if not folder.is_dir():
        pytest.skip(f"no such folder: {folder}")
    train, test = (read_idx(folder / f"{name}-images-idx3-ubyte.gz")[:, None] for name in ("train", "t10k"))
    labels = read_idx(folder / "t10k-labels-idx1-ubyte.gz")
    return train[:500] * np.float32(1 / 256), test * np.float32(1 / 256), labels


@pytest.mark.slow
@pytest.mark.parametrize("ranges", ["max", "percentile", "entropy"])
def test_lenet_on_mnist(data_folder, mnist, ranges, tmp_path):
    some, x, labels = mnist
    folder = data_folder / "lenet_v2"
    net = Net(folder / "lenet.prototxt", weights=folder / "lenet_iter_10000.caffemodel")
    q = quantize(net, in_batches(some, 100), ranges)
    report = q.report(in_batches(x, 1000), labels)
    before, after = report.accuracy
    assert before == 0.9914
    assert before - after < 0.002
    assert report.after < 0.3 * report.before
    assert min(row.sqnr for row in report.rows) > 30
    q.save(tmp_path / "lenet.npz")
    assert (tmp_path / "lenet.npz").stat().st_size < 0.3 * (folder / "lenet_iter_10000.caffemodel").stat().st_size
    again = load_quantized(tmp_path / "lenet.npz")
    assert np.array_equal(again.forward(data=x[:100])["prob"], q.forward(data=x[:100])["prob"])


@pytest.mark.slow
def test_squeezenet_names_the_same_things(data_folder):
    """Calibrated on other photos than those it is asked about."""
    folder, aux = data_folder / "squeezenet_v1.0_deepcomp", data_folder / "imagenet_aux"
    for needed in (folder, aux, data_folder / "flowers5"):
        if not needed.is_dir():
            pytest.skip(f"no such folder: {needed}")
    mean = np.array([104, 117, 123], np.float32).reshape(3, 1, 1)

    def read(paths):
        return np.stack([read_image(path, (3, 227, 227)) - mean for path in paths])

    net = Net(folder / "SqueezeNet_deploy.prototxt", weights=folder / "squeezenet_v1.0_decoded.caffemodel")
    q = quantize(net, in_batches(read(sorted((data_folder / "flowers5").rglob("*.jpg"))[::20]), 10))
    report = q.report([read([aux / "cat.jpg", aux / "fish-bike.jpg", *sorted((aux / "photos").iterdir())])])
    assert (report.items, report.agreement) == (5, 1.0)
    assert report.after < 0.3 * report.before
    assert len(report.rows) == 26


@pytest.mark.slow
def test_cifar10_quick_on_4000_images(data_folder):
    folder, images = data_folder / "cifar10_quick_v1_2014", data_folder / "cifar10"
    strips = [np.asarray(Image.open(images / f"cifar10_batch_{i}.png")) for i in range(4)]
    x = np.concatenate(strips).reshape(4000, 32, 32, 3).transpose(0, 3, 1, 2)
    x = (x - read_blobproto(folder / "mean.binaryproto")).astype(np.float32)
    labels = np.array((images / "train_labels_first4000.txt").read_text().split(), int)
    net = Net(folder / "cifar10_quick.prototxt", weights=folder / "cifar10_quick_iter_5000.caffemodel")
    report = quantize(net, in_batches(x[:400], 100)).report(in_batches(x, 500), labels)
    before, after = report.accuracy
    assert before - after < 0.005
    assert report.agreement > 0.97
    assert report.after < 0.3 * report.before
