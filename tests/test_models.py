"""Real trained models give what OpenCV's dnn, a second reader of Caffe's files, computed of them."""

import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net, layers  # noqa: F401 (fills the registry)
from cafe_edu.caffemodel import read_blobproto
from cafe_edu.layer import REGISTRY
from cafe_edu.legacy import upgrade_net
from cafe_edu.prototxt import read_net

MODELS = {  # folder: net, weights, stored outputs
    "cifar10_quick_v1_2014": ("cifar10_quick", "cifar10_quick_iter_5000", "opencv_oracle"),
    "siamese_mnist": ("mnist_siamese", "mnist_siamese_iter_40000", "opencv_oracle"),
    "squeezenet_v1.0_deepcomp": ("SqueezeNet_deploy", "squeezenet_v1.0_decoded", "opencv_oracle"),
    "mtcnn": ("det1", "det1", "opencv_oracle_det1"),
    "mtcnn, second net": ("det2", "det2", "opencv_oracle_det2"),
    "mtcnn, third net": ("det3", "det3", "opencv_oracle_det3"),
}


@pytest.mark.parametrize("model", MODELS)
def test_every_stored_layer(data_folder, model):
    folder = data_folder / model.split(",")[0]
    spec, weights, stored = MODELS[model]
    missing = {layer.type for layer in upgrade_net(read_net(folder / f"{spec}.prototxt")).layer} - {*REGISTRY}
    if missing:
        pytest.skip(f"no layer types {', '.join(sorted(missing))} yet")
    net = Net(folder / f"{spec}.prototxt", weights=folder / f"{weights}.caffemodel")
    with np.load(folder / f"{stored}.npz") as file:
        arrays = dict(file)
    net.forward(**{net.inputs[0]: arrays["input"]})
    seen = 0
    for name, expected in arrays.items():
        if not name.startswith("out/") or name[4:] not in net.blobs:
            continue
        if any(step.layer.type == "ReLU" and step.top == [net.blobs[name[4:]]] == step.bottom for step in net.steps):
            expected = np.maximum(expected, 0)  # OpenCV gives it before the ReLU in its place
        found = net.blobs[name[4:]].data.reshape(expected.shape)
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max(), rtol=0, err_msg=name)
        seen += 1
    assert seen >= 2


@pytest.fixture(scope="module")
def cifar(data_folder):
    """CIFAR-10's first 4,000 training images less the mean, channels in the order RGB, and their labels."""
    folder = data_folder / "cifar10"
    strips = [np.asarray(Image.open(folder / f"cifar10_batch_{i}.png")) for i in range(4)]
    x = np.concatenate(strips).reshape(4000, 32, 32, 3).transpose(0, 3, 1, 2)
    mean = read_blobproto(data_folder / "cifar10_quick_v1_2014" / "mean.binaryproto")
    return x - mean, np.array((folder / "train_labels_first4000.txt").read_text().split(), int)


def test_cifar10_quick_on_the_images_it_was_trained_on(data_folder, cifar):
    """A V1 model of 2014: as many right as OpenCV had."""
    folder, (x, labels) = data_folder / "cifar10_quick_v1_2014", cifar
    net = Net(folder / "cifar10_quick.prototxt", weights=folder / "cifar10_quick_iter_5000.caffemodel")
    p = np.concatenate([net.forward(data=x[i : i + 500])["prob"] for i in range(0, 4000, 500)])
    assert (p.argmax(axis=1) == labels).mean() == np.load(folder / "opencv_oracle.npz")["accuracy_train4000_lossless"]


@pytest.mark.parametrize("snapshot", [4000, 5000])
def test_cifar10_quick_beside_opencv_itself(data_folder, cifar, snapshot):
    cv2 = pytest.importorskip("cv2")
    folder, x = data_folder / "cifar10_quick_v1_2014", cifar[0][:100].astype(np.float32)
    paths = folder / "cifar10_quick.prototxt", folder / f"cifar10_quick_iter_{snapshot}.caffemodel"
    net, other = Net(paths[0], weights=paths[1]), cv2.dnn.readNetFromCaffe(*map(str, paths))
    net.forward(data=x)
    other.setInput(x)
    for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "pool3", "ip1", "ip2", "prob"):
        expected = other.forward(name)
        if name in ("pool1", "conv2", "conv3"):  # OpenCV gives them before the ReLU in their place
            expected = np.maximum(expected, 0)
        found = net.blobs[name].data
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max(), err_msg=name)
