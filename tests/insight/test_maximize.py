"""Uphill is up, and the regularisers do what they say."""

import pathlib

import numpy as np
import pytest

import cafe_edu
from cafe_edu import Net, Solver
from cafe_edu.data.digits import read_digits
from cafe_edu.errors import DataError, NetError, ShapeError
from cafe_edu.insight import class_model, deep_dream
from cafe_edu.insight.maximize import climb, smooth
from cafe_edu.insight.objective import score_of
from cafe_edu.insight.total_variation import total_variation

LENET = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet" / "lenet.prototxt"

SOLVER = """
base_lr: 0.01 momentum: 0.9 lr_policy: "fixed" max_iter: 60 random_seed: 1 display: 0
net_param {
  layer { name: "data" type: "MemoryData" top: "data" top: "label"
    memory_data_param { batch_size: 50 channels: 1 height: 28 width: 28 } }
  %s
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
}
"""


@pytest.fixture(scope="module")
def reader():
    """A LeNet that has seen the digits for a moment, and 200 of them."""
    x, labels, *_ = read_digits()
    x = x[:1000].astype(np.float32) / 256
    net = Net(LENET)
    text = "".join(f"layer {{ {layer} }}\n" for layer in net.spec.layer if layer.type not in ("Input", "Softmax"))
    solver = Solver(SOLVER % text)
    solver.net.layers[0].reset(x, labels[:1000].astype(np.float32))
    solver.step(60)
    net.share_with(solver.net)
    return net, x[:200], labels[:200]


def test_a_class_model_is_above_every_image(reader):
    net, x, labels = reader
    right = net.forward(data=x)["prob"].argmax(axis=1) == labels
    assert right.mean() > 0.8
    for target in (0, 3, 8):
        score = score_of(net, target)
        model = class_model(net, target, steps=30)
        assert model.shape == (1, 28, 28)
        assert (model >= 0).all()
        assert (model <= 1).all()
        of_class = score(x[labels == target])
        assert score(model[None].astype(np.float32))[0] > of_class.mean()
        assert net.forward(data=model[None])["prob"][0].argmax() == target


def test_one_seed_one_image(spot):
    net, _ = spot
    assert np.array_equal(class_model(net, 1, 5, seed=3), class_model(net, 1, 5, seed=3))
    assert not np.array_equal(class_model(net, 1, 5, seed=3), class_model(net, 1, 5, seed=4))


def test_a_unit_that_is_off_can_be_switched_on(spot):
    net, _ = spot
    model = class_model(net, ("conv", 0, 5, 5), steps=40, jitter=0, blur=0)
    assert score_of(net, ("conv", 0, 5, 5))(np.zeros((1, 1, 12, 12)))[0] < 0
    assert score_of(net, ("conv", 0, 5, 5))(model[None])[0] > 0.3
    assert model[0, 4:7, 4:7].min() > 0.9  # what it sees
    rest = model.copy()
    rest[0, 4:7, 4:7] = 0
    assert rest.max() < 0.3


def test_it_starts_where_it_is_told(spot):
    net, image = spot
    assert np.array_equal(class_model(net, 1, steps=0, start=image), image)
    outside = class_model(net, 1, steps=0, limits=(10, 20))
    assert abs(outside.mean() - 15) < 1


def test_weight_decay_and_total_variation(spot):
    net, _ = spot
    plain = class_model(net, 1, 20, tv=0, decay=0, blur=0)
    assert np.abs(class_model(net, 1, 20, tv=0, decay=0.3, blur=0)).sum() < np.abs(plain).sum()
    noise = np.random.default_rng(0).uniform(0, 1, (1, 12, 12))
    rough = class_model(net, 1, 20, tv=0, decay=0, blur=0, start=noise)
    even = class_model(net, 1, 20, tv=1, decay=0, blur=0, start=noise)
    assert total_variation(even)[0] < 0.8 * total_variation(rough)[0]


def test_a_shift_is_taken_back(spot):
    # the slope of one place, shifted and back, is the slope of its neighbours: on average where it belongs
    net, _ = spot
    objective = score_of(net, ("conv", 0, 5, 5))
    steps = climb(objective, np.zeros((1, 12, 12)), 1, 0.01, (0, 1), 2, 0, 0, 0, np.random.default_rng(0))
    ((x, score),) = steps
    seen = np.argwhere(x[0] > 0)
    assert len(seen) == 9
    rng = np.random.default_rng(0)
    shift = rng.integers(-2, 3, 2)
    assert seen.min(axis=0).tolist() == (np.array([4, 4]) - shift).tolist()
    assert score == pytest.approx(-0.3)


def test_smooth_is_a_bell():
    dot = np.zeros((2, 9, 9))
    dot[0, 4, 4] = 1
    soft = smooth(dot, 1.0)
    assert soft[0].sum() == pytest.approx(1)
    assert soft[0, 4, 5] / soft[0, 4, 4] == pytest.approx(np.exp(-0.5), rel=0.01)
    assert not soft[1].any()  # channels stay apart
    assert smooth(dot, 0) is dot


@pytest.fixture
def dreamer():
    spec = """
    name: "dreamer"
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 16 dim: 16 } } }
    layer { name: "conv" type: "Convolution" bottom: "x" top: "y" convolution_param {
      num_output: 4 kernel_size: 3 weight_filler { type: "gaussian" std: 0.3 } } }
    layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
    """
    return Net(spec, rng=0)


@pytest.mark.parametrize("unit", [None, 2])
def test_a_dream_excites_the_layer(dreamer, unit):
    x = np.random.default_rng(1).uniform(-1, 1, (3, 24, 20))  # not the net's own size
    dream = deep_dream(dreamer, x, "relu", unit, octaves=3, steps=5)
    assert dream.shape == x.shape
    assert x.min() <= dream.min() < dream.max() <= x.max()

    def excitement(image):
        y = np.maximum(0, dreamer.forward(x=image[None])["y"][0])
        return (y**2).mean() if unit is None else y[unit].mean()

    assert excitement(dream) > 1.2 * excitement(x)


def test_octaves_add_large_patterns(dreamer):
    x = np.random.default_rng(1).uniform(-1, 1, (3, 32, 32))
    one = deep_dream(dreamer, x, "relu", octaves=1, steps=0)
    assert np.array_equal(one, x)
    still = deep_dream(dreamer, x, "relu", octaves=3, steps=0)
    np.testing.assert_allclose(still, x, atol=1e-12)  # nothing was added, so nothing is lost by the small sizes


def test_what_cannot_be(spot, dreamer):
    net, image = spot
    with pytest.raises(DataError, match=r"expected limits such as \(0, 1\), the smaller first, found \(1, 0\)"):
        class_model(net, 1, limits=(1, 0))
    with pytest.raises(NetError, match=r"expected a class from 0 to 1 \(the channels of 'ip'\), found 2"):
        class_model(net, 2)
    with pytest.raises(ShapeError, match=r"expected one image \(3, H, W\) for 'x' .*, found \(1, 12, 12\)"):
        deep_dream(dreamer, image, "conv")
    with pytest.raises(NetError, match="net 'dreamer' has no layer 'dream'; it has x, conv, relu"):
        deep_dream(dreamer, np.zeros((3, 16, 16)), "dream")
    with pytest.raises(DataError, match="expected octaves of 1 or more and a scale above 1, found 0 and 1"):
        deep_dream(dreamer, np.zeros((3, 16, 16)), "conv", octaves=0)
    with pytest.raises(DataError, match=r"expected limits such as \(0, 1\), the smaller first, found \(0, 0\)"):
        deep_dream(dreamer, np.zeros((3, 16, 16)), "conv")
