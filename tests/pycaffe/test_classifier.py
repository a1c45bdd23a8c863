import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import NetError


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "oracle/pycaffe"


@pytest.fixture(scope="module")
def stored(folder):
    with np.load(folder / "io_classifier.npz") as file:
        return dict(file)


HOW = {"mean": np.array([100, 110, 120]), "raw_scale": 255, "channel_swap": (2, 1, 0)}


@pytest.mark.parametrize(("oversample", "expected"), [(True, "cls_pred_over"), (False, "cls_pred_center")])
def test_predictions_are_caffes(folder, stored, oversample, expected):
    net = caffe.Classifier(str(folder / "cls.prototxt"), str(folder / "cls.caffemodel"), image_dims=(14, 16), **HOW)
    found = net.predict([stored[f"cls_img{i}"] for i in range(3)], oversample=oversample)
    np.testing.assert_allclose(found, stored[expected], rtol=1e-4, atol=1e-5)


def test_without_image_dims_a_picture_fills_the_input(folder, stored):
    net = caffe.Classifier(str(folder / "cls.prototxt"), str(folder / "cls.caffemodel"), **HOW)
    assert tuple(net.image_dims) == (10, 12)
    found = net.predict([stored["cls_img1"]], oversample=False)
    net.blobs["data"].data[0] = net.transformer.preprocess("data", stored["cls_img1"])
    np.testing.assert_allclose(found[0], net.forward()["prob"][0], rtol=1e-4)


# an image alone is no list of images
@pytest.mark.parametrize(
    ("inputs", "found"),
    [([], "none"), (np.zeros((4, 5, 3)), r"one of \(5, 3\)"), (["cat.jpg"], r"one of \(\)")],
)
def test_what_are_no_pictures(folder, inputs, found):
    net = caffe.Classifier(str(folder / "cls.prototxt"), str(folder / "cls.caffemodel"))
    with pytest.raises(ValueError, match=rf"a list of images \(H, W, C\), as load_image gives them, found {found}"):
        net.predict(inputs)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 } } }', "none"),
        ('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 9 } } }', r"\(1, 9\)"),
    ],
)
def test_nets_that_take_no_pictures(write, text, found):
    with pytest.raises(NetError, match=rf"expected a net with an input \(N, C, H, W\), .* found {found}"):
        caffe.Classifier(write(text), None)
