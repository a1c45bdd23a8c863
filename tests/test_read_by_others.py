"""What we write others read: OpenCV's dnn computes the same from our prototxt and caffemodel."""

import numpy as np
import pytest

from cafe_edu import Net, prototxt

INPUT = (
    'name: "n" layer { name: "data" type: "Input" top: "data" '
    "input_param { shape { dim: 2 dim: 3 dim: 17 dim: 15 } } }"
)
FILLED = 'weight_filler { type: "msra" } bias_filler { type: "uniform" min: -1 max: 1 }'
UP = "num_output: 2 kernel_size: 4 stride: 2 pad: 1"


def conv(name, bottom, top, more):
    return (
        f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{top}" '
        f"convolution_param {{ {more} {FILLED} }} }} "
    )


def one(type_name, name, bottoms, top, more=""):
    bottoms = "".join(f' bottom: "{b}"' for b in bottoms.split())
    return f'layer {{ name: "{name}" type: "{type_name}"{bottoms} top: "{top}" {more} }} '


NETS = {
    "a small classifier": (
        conv("c1", "data", "c1", "num_output: 6 kernel_size: 3 pad: 1 stride: 2")
        + one("ReLU", "r1", "c1", "c1", "relu_param { negative_slope: 0.1 }")
        + one("LRN", "n1", "c1", "n1", "lrn_param { local_size: 3 alpha: 0.5 }")
        + one("Pooling", "p1", "n1", "p1", "pooling_param { kernel_size: 3 stride: 2 }")
        + one("InnerProduct", "ip", "p1", "ip", f"inner_product_param {{ num_output: 5 {FILLED} }}")
        + one("Softmax", "prob", "ip", "prob")
    ),
    "branches": (
        conv("squeeze", "data", "s", "num_output: 4 kernel_size: 1")
        + conv("left", "s", "l", "num_output: 5 kernel_size: 1")
        + conv("right", "s", "r", "num_output: 5 kernel_size: 3 pad: 1")
        + one("Concat", "cat", "l r", "cat")
        + one("Eltwise", "sum", "l r", "sum", "eltwise_param { coeff: 2 coeff: -1 }")
        + one("Concat", "all", "cat sum", "all")
        + one("Pooling", "global", "all", "global", "pooling_param { pool: AVE global_pooling: true }")
    ),
    "normalised": (
        conv("c1", "data", "c1", "num_output: 4 kernel_size: 3 group: 1")
        + one("BatchNorm", "bn", "c1", "c1")
        + one("Scale", "sc", "c1", "c1", 'scale_param { bias_term: true filler { type: "uniform" min: 0.5 max: 2 } }')
        + one("PReLU", "pr", "c1", "pr", 'prelu_param { filler { type: "uniform" min: 0 max: 1 } }')
        + one("Sigmoid", "sg", "pr", "sg")
    ),
    "dilated, in groups, and up again": (
        conv("c0", "data", "c0", "num_output: 4 kernel_h: 1 kernel_w: 3")
        + conv("c1", "c0", "c1", "num_output: 4 kernel_size: 3 dilation: 2 group: 2")
        + one("Deconvolution", "up", "c1", "up", f"convolution_param {{ {UP} {FILLED} }}")
        + one("TanH", "th", "up", "th")
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_opencv_computes_the_same(name, tmp_path):
    cv2 = pytest.importorskip("cv2")
    net = Net(INPUT + NETS[name], "TEST", rng=0)
    for blobs in (blobs for layer, blobs in net.params.items() if layer == "bn"):
        for blob, low in zip(blobs, (-1, 1, 2), strict=True):  # statistics: sums of means, of variances, their weight
            blob.data = np.random.default_rng(1).uniform(low, low + 1, blob.shape)
    paths = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    prototxt.write(prototxt.parse_net(INPUT + NETS[name]), paths[0])
    net.save(paths[1])
    x = np.random.default_rng(2).normal(size=(2, 3, 17, 15)).astype(np.float32)
    (found,) = net.forward(data=x).values()
    other = cv2.dnn.readNetFromCaffe(*map(str, paths))
    other.setInput(x)
    np.testing.assert_allclose(found, other.forward().reshape(found.shape), rtol=1e-4, atol=1e-5)
