"""Every figure of the gallery is drawn: on LeNet, on SqueezeNet, and on a net with branches that is made up here."""

import pathlib
import runpy

import matplotlib.figure
import numpy as np
import pytest

from cafe_edu import Net, Solver
from cafe_edu.data.images import load_image
from cafe_edu.data.transformer import Transformer
from cafe_edu.drawing.picture import save_picture
from cafe_edu.outline import read_spec
from cafe_edu.proto.caffe_pb2 import TransformationParameter

ROOT = pathlib.Path(__file__).parents[1]
GALLERY = runpy.run_path(str(ROOT / "docs" / "gallery.py"))
FIGURES = GALLERY["FIGURES"]
LOSS = """
layer {{ name: "label" type: "Input" top: "label" input_param {{ shape {{ dim: {n} }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "{top}" bottom: "label" top: "loss" }}
"""
BRANCHES = """
name: "branches"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 6 dim: 3 dim: 9 dim: 9 } } }
layer { name: "left" type: "Convolution" bottom: "x" top: "l" convolution_param {
  num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "l" top: "l" }
layer { name: "right" type: "Convolution" bottom: "x" top: "r" convolution_param {
  num_output: 4 kernel_size: 1 weight_filler { type: "xavier" } } }
layer { name: "sigmoid" type: "Sigmoid" bottom: "r" top: "s" }
layer { name: "sum" type: "Eltwise" bottom: "l" bottom: "s" top: "sum" }
layer { name: "both" type: "Concat" bottom: "sum" bottom: "r" top: "both" }
layer { name: "ip" type: "InnerProduct" bottom: "both" top: "ip" inner_product_param {
  num_output: 3 weight_filler { type: "xavier" } } }
"""


def names_for(folder, deploy, top, images, labels, weights=None):
    """The names of ``FIGURES`` for a net that is taught a few images, three times."""
    deploy = read_spec(deploy)
    deploy.layer[0].input_param.shape[0].dim[1:] = images.shape[1:]
    train = read_spec(deploy)
    train.layer[0].input_param.shape[0].dim[0] = len(images)
    train.layer.extend(read_spec(LOSS.format(n=len(images), top=top)).layer)
    solver = Solver("base_lr: 0.0001 momentum: 0.9 display: 1 random_seed: 1 lr_policy: 'fixed'", net_param=train)
    if weights:
        solver.net.load(weights)
    net, deploy = Net(train, "TRAIN"), Net(deploy)
    for one in (solver.net, net):
        one.blobs[one.inputs[0]].reshape(*images.shape)
        one.blobs[one.inputs[0]].data = images
        one.blobs["label"].data = labels
    before = {name: [blob.data.copy() for blob in blobs] for name, blobs in solver.net.params.items()}
    log = GALLERY["logged"](solver, folder / "net.log", 3)
    solver.net.save(folder / "now.caffemodel")
    net.load(folder / "now.caffemodel")
    deploy.load(folder / "now.caffemodel")
    names = GALLERY["names_for"](solver, net, deploy, images, labels)
    change = Transformer(TransformationParameter(crop_size=7, mirror=True), "TRAIN", np.random.default_rng(0))
    own = {"spec": train, "before": before, "logs": {"log": log}, "runs": {"run": solver, "log": folder / "net.log"}}
    own |= {"classes": [1], "points_along": 5}
    return names | own | {"images": images, "pictures": images, "pixels": images, "transformer": change}


@pytest.fixture(scope="module")
def lenet(tmp_path_factory):
    return GALLERY["lenet"](tmp_path_factory.mktemp("lenet"), iterations=20)


@pytest.fixture(scope="module")
def branches(tmp_path_factory):
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(6, 3, 9, 9)).astype(np.float32), np.array([0, 1, 2, 0, 1, 1])
    return names_for(tmp_path_factory.mktemp("branches"), BRANCHES, "ip", images, labels)


@pytest.fixture(scope="module")
def squeezenet(tmp_path_factory, data_folder):
    """It pools over whatever is left in the end, so it takes images of half its usual side: a quarter of the time."""
    folder = data_folder / "squeezenet_v1.0_deepcomp"
    pixels = load_image(data_folder / "imagenet_aux" / "cat.jpg", size=(115, 115))
    cat = pixels.astype(np.float32) - np.float32([104, 117, 123])[:, None, None]
    images = np.stack([np.roll(side, shift, axis=2) for side in (cat, cat[:, :, ::-1]) for shift in (0, 9, 18)])
    weights = folder / "squeezenet_v1.0_decoded.caffemodel"
    labels = np.array([281, 281, 281, 282, 282, 282])
    temporary = tmp_path_factory.mktemp("squeezenet")
    return names_for(temporary, folder / "SqueezeNet_deploy.prototxt", "pool_final", images, labels, weights)


@pytest.mark.parametrize("shown", FIGURES, ids=lambda shown: shown.function)
@pytest.mark.parametrize(
    "net", ["branches", *(pytest.param(net, marks=pytest.mark.slow) for net in ("lenet", "squeezenet"))]
)
def test_every_figure_on_every_net(shown, net, request, tmp_path):
    figure = shown.draw(request.getfixturevalue(net))
    assert isinstance(figure, matplotlib.figure.Figure)
    save_picture(figure, tmp_path / "figure.png")  # which is when texts and axes are laid out
    assert any(axes.has_data() or axes.texts for axes in figure.get_axes())


def test_the_page_is_what_the_script_says():
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == GALLERY["document"](), "run `make gallery`"
    assert (ROOT / "docs" / "gallery.png").stat().st_size < 600_000


def test_every_function_that_draws_is_shown():
    import cafe_edu.drawing

    drawn = {shown.function for shown in FIGURES}
    assert {name for name in cafe_edu.drawing.__all__ if name.startswith("draw_")} == drawn


def test_a_sheet_is_a_small_picture(branches):
    some = [shown for shown in FIGURES if shown.function in ("draw_costs", "draw_weight_norms")]
    png = GALLERY["sheet"]([(shown.title, shown.draw(branches)) for shown in some])
    assert png.startswith(b"\x89PNG")
    assert len(png) < 100_000
