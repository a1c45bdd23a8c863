"""Old programs catch Python's own errors; new ones catch ours."""

import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import DataError, NetError, ShapeError, SpecError, WeightsError

NET = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }'
MEMORY = """
layer { name: "d" type: "MemoryData" top: "x" top: "y" memory_data_param {
  batch_size: 2 channels: 1 height: 3 width: 3 } }
"""


def net(write, text=NET):
    return caffe.Net(write(text), caffe.TEST)


@pytest.mark.parametrize(
    ("call", "ours", "pythons", "says"),
    [
        (lambda write: caffe.Net("none.prototxt", caffe.TEST), SpecError, RuntimeError, "no such file: none.prototxt"),
        (
            lambda write: caffe.Net(write(NET), caffe.TEST, weights="none.caffemodel"),
            WeightsError,
            RuntimeError,
            "no such file: none.caffemodel",
        ),
        (
            lambda write: net(write).set_input_arrays(np.zeros((2, 1, 3, 3)), np.zeros(2)),
            NetError,
            RuntimeError,
            "set_input_arrays wants a net that begins with MemoryData, found Input",
        ),
        (
            lambda write: net(write, MEMORY).set_input_arrays(np.zeros((3, 1, 3, 3)), np.zeros(3)),
            ShapeError,
            RuntimeError,
            "expected a number of items that is a multiple of the batch size 2, found 3",
        ),
        (lambda write: net(write).forward(end="y"), NetError, ValueError, "net '' has no layer 'y'; it has x"),
        (lambda write: net(write).forward(["y"]), NetError, KeyError, "the net has no blob 'y'; it has x"),
        (lambda write: caffe.io.load_image("cat.jpg"), DataError, FileNotFoundError, "no such image: cat.jpg"),
    ],
)
def test_both_kinds_at_once(call, ours, pythons, says, write):
    for error in (ours, pythons):
        with pytest.raises(error) as caught:
            call(write)
        assert str(caught.value) == says


def test_no_image(write):
    with pytest.raises(OSError, match=r"cat\.jpg is not an image that pillow reads"):
        caffe.io.load_image(write("meow", "cat.jpg"))
