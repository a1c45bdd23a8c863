"""Grad-CAM lies on what the class depends on."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight import grad_cam
from cafe_edu.insight.grad_cam import has_maps, last_maps, strongest_unit


@pytest.mark.parametrize("place", [(8, 3), (2, 9), (5, 5)])
def test_it_peaks_on_the_spot(spot, place):
    net, _ = spot
    image = np.full((1, 12, 12), 0.1)
    image[0, place[0] - 1 : place[0] + 2, place[1] - 1 : place[1] + 2] = 1
    found = grad_cam(net, image, 1)
    assert np.unravel_index(found.argmax(), found.shape) == place
    assert found.shape == (12, 12)


def test_its_formula(mixed):
    net, x = mixed
    # the slope of score 1 at "norm", by numbers
    net.forward(x=x[None])
    A = net.blobs["norm"].data[0].copy()
    names = [layer.name for layer in net.layers]
    after, slopes = names.index("norm") + 1, np.zeros(A.shape)
    for i in np.ndindex(A.shape):
        scores = []
        for e in (1e-6, -1e-6):
            net.blobs["norm"].data[0] = A
            net.blobs["norm"].data[(0, *i)] += e
            for j in range(after, len(names)):
                net.forward_step(j)
            scores.append(net.blobs["ip"].data[0, 1])
        slopes[i] = (scores[0] - scores[1]) / 2e-6
    M = np.maximum(0, np.einsum("k,kij->ij", slopes.mean(axis=(1, 2)), A))
    # a unit of "norm" sees 3 x 3 pixels: its middle is one further right and down, and the rim is as the nearest
    assert M.max() > 0
    np.testing.assert_allclose(grad_cam(net, x, 1, "norm"), np.pad(M, 1, mode="edge"), rtol=1e-5, atol=1e-9)


def test_numbers_of_a_map_lie_on_the_middle_of_what_they_see(spot):
    spec = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 10 dim: 7 } } }
    layer { name: "pool" type: "Pooling" bottom: "x" top: "y" pooling_param { pool: MAX kernel_size: 3 stride: 3 } }
    layer { name: "all" type: "Pooling" bottom: "y" top: "s" pooling_param { pool: AVE global_pooling: true } }
    """
    x = np.zeros((1, 10, 7))
    x[0, 3:6, 0:3] = 1  # under the window at row 1, column 0, whose middle is (4, 1)
    found = grad_cam(Net(spec), x, 0)
    assert found[4, 1] == found.max()
    column = found[:, 1] / found.max()
    np.testing.assert_allclose(column, [0, 0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found[4] / found.max(), [1, 1, 2 / 3, 1 / 3, 0, 0, 0], atol=1e-6)


def test_the_last_maps(mixed, spot):
    assert last_maps(mixed[0], 1) == "drop"
    assert last_maps(spot[0], 1) == "relu"
    assert last_maps(spot[0], ("relu", 1)) == "conv"


def test_layers_that_will_not_do(mixed, spot):
    net, x = mixed
    with pytest.raises(NetError, match="net 'mixed' has no layer 'conv9'; it has x, conv, relu, norm, a, b, both, max"):
        grad_cam(net, x, 1, "conv9")
    with pytest.raises(ShapeError, match=r"expected a layer that makes maps \(N, C, H, W\), 'ip' makes \(1, 3\)"):
        grad_cam(net, x, 1, "ip")
    with pytest.raises(NetError) as error:
        grad_cam(net, x, ("a", 1), "b")
    assert error.value.one_line() == (
        "the target ('a', 1) does not depend on layer 'b'; it depends on conv, relu, norm"
    )
    flat = Net("""
    name: "flat"
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
    """)
    with pytest.raises(NetError, match=r"net 'flat' has no layer with maps \(N, C, H, W\) before the target 1"):
        grad_cam(flat, [1, 2, 3, 4], 1)


@pytest.mark.slow
def test_squeezenet_looks_at_the_kitten(data_folder):
    from cafe_edu.data.images import read_image

    folder = data_folder / "squeezenet_v1.0_deepcomp"
    net = Net(folder / "SqueezeNet_deploy.prototxt", weights=folder / "squeezenet_v1.0_decoded.caffemodel")
    x = read_image(data_folder / "imagenet_aux" / "cat.jpg", (3, 227, 227))
    x -= np.float32([104, 117, 123]).reshape(3, 1, 1)
    best = int(net.forward(data=x[None])[net.outputs[0]].argmax())
    found = grad_cam(net, x, best)
    kitten = np.zeros((227, 227), bool)
    kitten[5:222, 70:170] = True  # a box around it
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert kitten[y, x]
    assert found[kitten].sum() > 0.7 * found.sum()


def test_the_strongest_unit(spot):
    net, image = spot
    assert strongest_unit(net, image, 1) == ("relu", 0, 8, 3)
    assert strongest_unit(net, image, 1, "conv") == ("conv", 0, 8, 3)
    assert has_maps(net, 1)
    assert not has_maps(net, ("conv", 0))


def test_on_a_device(device, spot):
    there = Net(spot[0].spec, device=device)
    for name, blobs in spot[0].params.items():
        for mine, owner in zip(there.params[name], blobs, strict=True):
            mine.data = there.xp.asarray(owner.data)
    np.testing.assert_allclose(grad_cam(there, spot[1], 1), grad_cam(*spot, 1), rtol=1e-5)
