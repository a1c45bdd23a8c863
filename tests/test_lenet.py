"""LeNet as real Caffe trained it: the same answers here."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.data.idx import read_idx


@pytest.fixture(scope="module")
def mnist(data_folder):
    """MNIST's 10,000 test images, 0 to 1, and their labels."""
    for name in ("mnist", "lenet_v2"):
        if not (data_folder / name).is_dir():
            pytest.skip(f"no such folder: {data_folder / name}")
    images = read_idx(data_folder / "mnist" / "t10k-images-idx3-ubyte.gz")
    return images[:, None] * np.float32(1 / 256), read_idx(data_folder / "mnist" / "t10k-labels-idx1-ubyte.gz")


@pytest.fixture(scope="module", params=["lenet_v1_2014", "lenet_v2"])  # files of 2014, and of today
def folder(request, data_folder):
    return data_folder / request.param


@pytest.fixture(scope="module")
def lenet(folder):
    return Net(folder / "lenet.prototxt", weights=folder / "lenet_iter_10000.caffemodel")


def test_its_score_on_mnist_is_caffes(lenet, mnist, folder):
    x, t = mnist
    batches = [lenet.forward(data=x[i : i + 1000])["prob"] for i in range(0, len(x), 1000)]
    answers = np.concatenate(batches).argmax(axis=1)
    assert len(t) == 10_000
    assert (answers == t).sum() == {"lenet_v1_2014": 9905, "lenet_v2": 9914}[folder.name]


def test_every_blob_is_what_opencv_computed(lenet, folder):
    """A second program that reads Caffe's files, asked for the outputs of its layers."""
    with np.load(folder / "opencv_oracle.npz") as file:
        stored = dict(file)
    lenet.forward(data=stored["input"])
    stored["out/ip1"] = np.maximum(stored["out/ip1"], 0)  # OpenCV gives it before the ReLU in its place
    for name in ("conv1", "pool2", "ip1", "prob"):
        np.testing.assert_allclose(lenet.blobs[name].data, stored[f"out/{name}"], rtol=1e-4, atol=1e-5, err_msg=name)
