"""What a unit sees by the graph is what moves it."""

import pathlib

import numpy as np
import pytest

import cafe_edu
from cafe_edu import Net
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight import receptive_field
from cafe_edu.insight.objective import Objective
from cafe_edu.insight.targets import layer_position

ZOO = pathlib.Path(cafe_edu.__file__).parent / "zoo"


def conv(name, bottom, options):
    return (
        f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" convolution_param {{ '
        f'num_output: 2 weight_filler {{ type: "constant" value: 0.1 }} {options} }} }}\n'
    )


def pool(name, bottom, options):
    return layer("Pooling", name, bottom, f"pooling_param {{ {options} }}")


def layer(kind, name, bottoms, options=""):
    bottoms = " ".join(f'bottom: "{bottom}"' for bottom in bottoms)
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} top: "{name}" {options} }}\n'


DATA = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: %d dim: %d } } }\n'

NETS = {
    "strided, padded": conv("a", "x", "kernel_size: 3 stride: 2 pad: 1")
    + conv("y", "a", "kernel_size: 4 stride: 3 pad: 2"),
    "dilated": conv("a", "x", "kernel_size: 3 dilation: 2 pad: 2") + conv("y", "a", "kernel_size: 2 dilation: 5"),
    "of two shapes": conv("y", "x", "kernel_h: 1 kernel_w: 5 stride_h: 2 stride_w: 1 pad_h: 0 pad_w: 3"),
    "pools that hang over the edge": pool("a", "x", "pool: AVE kernel_size: 3 stride: 2")
    + pool("y", "a", "pool: MAX kernel_size: 2 stride: 2 pad: 1"),
    "pixels that no window reaches": conv("a", "x", "kernel_size: 2 stride: 4")
    + conv("y", "a", "kernel_size: 3 pad: 2"),
    "padding alone": conv("y", "x", "kernel_size: 1 pad: 2 stride: 2"),
    "branches": conv("a", "x", "kernel_size: 3 stride: 2")
    + conv("b", "a", "kernel_size: 1") + conv("c", "a", "kernel_size: 3 pad: 1") + layer("Concat", "d", "bc")
    + conv("f", "d", "kernel_size: 5 pad: 2") + layer("Eltwise", "y", "cf"),
    "LRN": conv("a", "x", "kernel_size: 2")
    + layer("LRN", "b", "a", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL alpha: 0.1 }")
    + layer("LRN", "y", "b", "lrn_param { local_size: 3 alpha: 0.1 }"),
    "deconvolution": conv("a", "x", "kernel_size: 3 stride: 2")
    + conv("y", "a", "kernel_size: 3 stride: 2 pad: 1").replace('"Convolution"', '"Deconvolution"'),
    "deconvolution with holes": conv("y", "x", "kernel_size: 1 stride: 2").replace('"Convolution"', '"Deconvolution"'),
    "crop": conv("a", "x", "kernel_size: 3 pad: 2") + layer("Crop", "y", "ax", "crop_param { offset: 2 offset: 1 }"),
    "the whole image": conv("a", "x", "kernel_size: 2") + pool("y", "a", "pool: AVE global_pooling: true"),
    "everything": conv("a", "x", "kernel_size: 2 stride: 2") + layer("InnerProduct", "y", "a", "inner_product_param { "
        'num_output: 2 weight_filler { type: "constant" value: 1 } }'),
}  # fmt: skip


def brute_force(net, name, H, W):
    """For each unit, which pixels change it: array (units along H, along W, H, W) of bool. All weights are above 0."""
    see = Objective(net, layer_position(net, name), None).activations
    x = np.random.default_rng(0).uniform(1, 2, (1, net.blobs[net.inputs[0]].shape[1], H, W))
    pixels = x.repeat(H * W, axis=0)
    for i, (y, z) in enumerate(np.ndindex(H, W)):
        pixels[i, :, y, z] += 1e3  # so large that it wins every max pooling it enters
    before = see(x).copy()
    changed = (np.abs(see(pixels) - before) > 1e-4).any(axis=1)  # of all channels
    changed = changed.reshape(H * W, -1)
    units = before.shape[2:] or (1, 1)
    return changed.T.reshape(*units, H, W)


def box_of(seen):
    """The smallest box around what is true: top, left, bottom, right."""
    if not seen.any():
        return 0, 0, 0, 0
    rows, columns = np.nonzero(seen.any(axis=1))[0], np.nonzero(seen.any(axis=0))[0]
    return rows[0], columns[0], rows[-1] + 1, columns[-1] + 1


def check_all_units(net, name, H, W):
    field = receptive_field(net, name)
    seen = brute_force(net, name, H, W)
    assert field.units == seen.shape[:2]
    for y, x in np.ndindex(*field.units):
        assert field.of(y, x).clipped == box_of(seen[y, x]), (y, x)
    return field


@pytest.mark.parametrize("kind", NETS)
def test_every_unit_sees_what_changes_it(kind):
    H, W = 13, 11
    check_all_units(Net(DATA % (H, W) + NETS[kind], dtype=np.float64), "y", H, W)


@pytest.mark.parametrize(
    "name", [pytest.param("conv1", marks=pytest.mark.slow), "pool1", "conv2", "pool2", "ip1", "relu1"]
)
def test_lenet(name):
    net = Net(ZOO / "lenet" / "lenet.prototxt", dtype=np.float64)
    for blobs in net.params.values():
        blobs[0].data[...] = 0.01
    check_all_units(net, name, 28, 28)


def test_size_stride_and_offset():
    net = Net(ZOO / "lenet" / "lenet.prototxt")
    known = {"conv1": (5, 1), "pool1": (6, 2), "conv2": (14, 2), "pool2": (16, 4), "ip1": (28, 0)}
    for name, (size, stride) in known.items():
        field = receptive_field(net, name)
        assert (field.size, field.stride, field.offset) == ((size,) * 2, (stride,) * 2, (0, 0))
    for y, x in np.ndindex(4, 4):
        assert receptive_field(net, "pool2").of(y, x).unclipped == (4 * y, 4 * x, 4 * y + 16, 4 * x + 16)


def test_padding_is_seen_and_clipped():
    field = receptive_field(Net(DATA % (8, 9) + conv("y", "x", "kernel_size: 5 stride: 2 pad: 2")), "y")
    assert (field.size, field.stride, field.offset) == ((5, 5), (2, 2), (-2, -2))
    boxes = field.of(0, 4)
    assert boxes.unclipped == (-2, 6, 3, 11)
    assert boxes.clipped == (0, 6, 3, 9)
    assert boxes.clipped.of(np.arange(72).reshape(8, 9)).tolist() == [[6, 7, 8], [15, 16, 17], [24, 25, 26]]


def test_a_deconvolution_has_a_stride_below_one():
    spec = conv("y", "x", "kernel_size: 4 stride: 2 pad: 1").replace('"Convolution"', '"Deconvolution"')
    field = receptive_field(Net(DATA % (8, 8) + spec), "y")
    assert (field.size, field.stride) == ((2, 2), (0.5, 0.5))


def test_wrong_questions(mixed):
    net, _ = mixed
    with pytest.raises(NetError, match="net 'mixed' has no layer 'conv9'; it has x, conv, relu, norm, a, b"):
        receptive_field(net, "conv9")
    with pytest.raises(ShapeError, match=r"expected a unit within the 7 x 7 of layer 'conv', found row 7, column 0"):
        receptive_field(net, "conv").of(7, 0)
    flat = Net("""
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
    """)
    with pytest.raises(ShapeError, match=r"expected a net for images \(N, C, H, W\), what comes in is 'x'"):
        receptive_field(flat, "ip")


@pytest.mark.slow
def test_squeezenet(data_folder):
    net = Net(data_folder / "squeezenet_v1.0_deepcomp" / "SqueezeNet_deploy.prototxt")
    field = receptive_field(net, "fire9/concat")
    assert (field.size, field.stride) == ((155, 155), (16, 16))
