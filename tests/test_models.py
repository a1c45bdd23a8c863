"""Real trained models give what OpenCV's dnn, a second reader of Caffe's files, computed of them."""

import numpy as np
import pytest

from cafe_edu import Net, layers  # noqa: F401 (fills the registry)
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
