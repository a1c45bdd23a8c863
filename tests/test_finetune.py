"""finetune.py: what one net has learned is the start of another."""

import pathlib

import numpy as np
import pytest

import cafe_edu
from cafe_edu import Net, Solver, finetune, prototxt
from cafe_edu.data.digits import read_digits
from cafe_edu.errors import NetError, ShapeError, WeightsError
from cafe_edu.proto import caffe_pb2

LENET = pathlib.Path(cafe_edu.__file__).parent / "zoo" / "lenet"


def lenet(batch=50):
    """LeNet with an Input layer in place of its data layers."""
    shipped = prototxt.read_net(LENET / "lenet_train_test.prototxt")
    net = prototxt.parse_net(
        f'name: "LeNet" layer {{ name: "digits" type: "Input" top: "data" top: "label" input_param {{ '
        f"shape {{ dim: {batch} dim: 1 dim: 28 dim: 28 }} shape {{ dim: {batch} }} }} }}"
    )
    net.layer.extend(layer for layer in shipped.layer if layer.type not in ("Data", "Accuracy"))
    return net


def solver(spec, base_lr=0.01):
    made = caffe_pb2.SolverParameter(base_lr=base_lr, momentum=0.9, lr_policy="fixed", random_seed=1)
    made.net_param.CopyFrom(spec)
    return Solver(made)


def train(made, x, y, steps):
    """Step through the images, 50 at a time."""
    for i in range(steps):
        chosen = np.arange(50 * i, 50 * i + 50) % len(x)
        made.net.blobs["data"].data = x[chosen] / np.float32(256)
        made.net.blobs["label"].data = y[chosen]
        made.step(1)
    return made


@pytest.fixture(scope="module")
def digits():
    """The digits below 5, and the others renamed 0 to 4."""
    x, y, _, _ = read_digits()
    return (x[y < 5], y[y < 5]), (x[y >= 5], y[y >= 5] - 5)


@pytest.fixture(scope="module")
def learned(digits, tmp_path_factory):
    """A LeNet that knows 0 to 4: its net and its file."""
    made = train(solver(lenet()), *digits[0], 60)
    path = tmp_path_factory.mktemp("finetune") / "low.caffemodel"
    made.net.save(path)
    return made.net, path


# ---- the four steps together ----


def test_five_new_digits_from_five_known_ones(learned, digits):
    spec = finetune.new_head(lenet(), "ip2", "ip2_high", 5)
    made = solver(spec, base_lr=0.001)
    report = finetune.transfer(made.net, learned[1])
    assert [*report.copied] == ["conv1", "conv2", "ip1"]
    assert (report.missing, report.unused) == (["ip2_high"], ["ip2"])
    finetune.freeze(made.net, until="ip1")
    train(made, *digits[1], 40)
    for name in ("conv1", "conv2", "ip1"):
        for mine, theirs in zip(made.net.params[name], learned[0].params[name], strict=True):
            assert np.array_equal(mine.data, theirs.data)
    losses = [entry["loss"] for entry in made.train_record]
    assert losses[0] > 1.2  # about ln 5
    assert np.mean(losses[-5:]) < 0.5
    assert [step.layer.name for step in made.net.steps if step.backward] == ["ip2_high", "loss"]


# ---- transfer ----


def test_what_does_not_fit_is_left_and_reported(learned):
    spec = lenet()
    next(layer for layer in spec.layer if layer.name == "conv2").convolution_param.num_output = 7
    net = Net(spec, rng=3)
    before = net.params["conv2"][0].data.copy()
    report = finetune.transfer(net, learned[1])
    assert report.copied == {"conv1": "conv1", "ip2": "ip2"}
    assert report.mismatched["conv2"] == ([(7, 20, 5, 5), (7,)], [(50, 20, 5, 5), (50,)])
    assert np.array_equal(net.params["conv2"][0].data, before)
    assert np.array_equal(net.params["conv1"][0].data, learned[0].params["conv1"][0].data)
    assert str(report).splitlines()[:2] == [
        "conv1  copied",
        "ip2    copied",
    ]
    assert "conv2  kept as it was: expected (7, 20, 5, 5) and (7,), found (50, 20, 5, 5) and (50,)" in str(report)
    assert "<td>conv2</td>" in report._repr_html_()


def test_from_a_net_by_other_names_and_only_some_layers(learned):
    spec = finetune.new_head(lenet(), "ip2", "answer", 10)
    net = Net(spec, rng=3)
    report = finetune.transfer(net, learned[0], rename={"answer": "ip2"}, layers=["answer"])
    assert report.copied == {"answer": "ip2"}
    assert str(report) == "answer  copied from ip2"
    assert np.array_equal(net.params["answer"][0].data, learned[0].params["ip2"][0].data)
    assert not np.array_equal(net.params["conv1"][0].data, learned[0].params["conv1"][0].data)


def test_number_by_number_if_asked(learned):
    net = Net(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 50 dim: 4 dim: 4 } } }'
        'layer { name: "ip1" type: "Convolution" bottom: "x" top: "y" '
        "convolution_param { num_output: 500 kernel_size: 4 } }"
    )
    assert [*finetune.transfer(net, learned[0]).mismatched] == ["ip1"]
    assert [*finetune.transfer(net, learned[0], flat=True).copied] == ["ip1"]
    assert np.array_equal(net.params["ip1"][0].data.ravel(), learned[0].params["ip1"][0].data.ravel())


def test_names_that_are_not_there(learned):
    net = Net(lenet())
    with pytest.raises(NetError, match=r"no layer 'ip3' with parameters in net 'LeNet'; did you mean 'ip\d'\?"):
        finetune.transfer(net, learned[1], layers=["ip3"])
    with pytest.raises(WeightsError, match=r"the source has no layer 'fc8'; it has conv1, conv2, ip1, ip2"):
        finetune.transfer(net, learned[1], rename={"ip2": "fc8"})


SHARING = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "y" param { name: "w" } param { name: "b" } OPTIONS }
layer { name: "b" type: "InnerProduct" bottom: "y" top: "z" param { name: "w" } param { } OPTIONS }
layer { name: "c" type: "InnerProduct" bottom: "z" top: "q" param { name: "w" } param { name: "b" } OPTIONS }
""".replace(
    "OPTIONS", 'inner_product_param { num_output: 2 weight_filler { type: "xavier" } bias_filler { type: "uniform" } }'
)


@pytest.mark.parametrize(
    ("ending", "copied"),
    [(".caffemodel", ["a", "b", "c"]), (".caffemodel.h5", ["a", "b"])],  # c has nothing of its own
)
def test_what_layers_share_is_copied_with_its_owner(ending, copied, tmp_path):
    source, net = Net(SHARING, rng=0), Net(SHARING, rng=1)
    path = tmp_path / f"shared{ending}"
    source.save(path)
    report = finetune.transfer(net, path)
    assert ([*report.copied], report.mismatched, report.missing) == (copied, {}, [])
    for name, blobs in net.params.items():
        assert all(np.array_equal(a.data, b.data) for a, b in zip(blobs, source.params[name], strict=True))


def test_what_is_not_shared_here_is_not_found_where_it_was(tmp_path):
    Net(SHARING).save(tmp_path / "shared.h5")
    net = Net(SHARING.replace('param { name: "w" }', "param { }"))
    report = finetune.transfer(net, tmp_path / "shared.h5")
    assert report.mismatched == {"b": ([(2, 2), (2,)], [(2,)])}
    assert (report.copied, report.missing) == ({"a": "a"}, ["c"])


def test_one_layer_may_be_named_alone(learned):
    net = Net(lenet())
    assert [*finetune.transfer(net, learned[0], layers="conv1").copied] == ["conv1"]
    assert finetune.freeze(net, "conv1") == ["conv1"]


# ---- a new head ----


def test_a_new_head():
    spec = lenet()
    changed = finetune.new_head(spec, "ip2", "classes", 3)
    head = next(layer for layer in changed.layer if layer.name == "classes")
    assert head.inner_product_param.num_output == 3
    assert [param.lr_mult for param in head.param] == [10, 20]
    assert head.top == ["classes"]
    assert next(layer for layer in changed.layer if layer.type == "SoftmaxWithLoss").bottom == ["classes", "label"]
    assert spec == lenet()


def test_a_head_that_names_no_rates_gets_them():
    spec = prototxt.parse_net('layer { name: "c" type: "Convolution" top: "s" convolution_param { num_output: 9 } }')
    head = finetune.new_head(spec, "c", "d", 4, rate=5).layer[0]
    assert [param.lr_mult for param in head.param] == [5, 5]
    assert (head.top, head.convolution_param.num_output) == (["s"], 4)


def test_heads_that_cannot_be():
    with pytest.raises(NetError, match=r"no layer 'ip9' in net 'LeNet'; did you mean"):
        finetune.new_head(lenet(), "ip9", "x", 2)
    with pytest.raises(NetError, match=r"expected an InnerProduct or Convolution as head, found 'pool1' \(Pooling\)"):
        finetune.new_head(lenet(), "pool1", "x", 2)
    with pytest.raises(NetError, match=r"has a layer 'ip1' already; a new head needs a new name"):
        finetune.new_head(lenet(), "ip2", "ip1", 2)
    for number in (0, -1, 2.5):
        with pytest.raises(NetError, match=f"expected a whole number of 1 or more classes, found {number}"):
            finetune.new_head(lenet(), "ip2", "x", number)


# ---- freezing ----


def test_frozen_layers_in_the_middle_still_let_gradients_through():
    made = solver(lenet())
    frozen = finetune.freeze(made.net, ["conv2"])
    assert frozen == ["conv2"]
    before = {name: made.net.params[name][0].data.copy() for name in made.net.params}
    train(made, np.random.default_rng(0).integers(0, 256, (50, 1, 28, 28)), np.arange(50) % 10, 2)
    moved = {name: not np.array_equal(before[name], made.net.params[name][0].data) for name in before}
    assert moved == {"conv1": True, "conv2": False, "ip1": True, "ip2": True}
    assert [param.lr_mult for layer in made.net.spec.layer if layer.name == "conv2" for param in layer.param] == [0, 0]


def test_a_frozen_batch_norm_keeps_its_statistics():
    net = Net(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 8 dim: 3 } } }'
        'layer { name: "bn" type: "BatchNorm" bottom: "x" top: "y" }',
        "TRAIN",
    )
    net.forward(x=np.random.default_rng(0).normal(size=(8, 3)))
    kept = [blob.data.copy() for blob in net.params["bn"]]
    finetune.freeze(net, ["bn"])
    net.forward(x=np.random.default_rng(1).normal(5, 1, size=(8, 3)))
    assert all(np.array_equal(a, blob.data) for a, blob in zip(kept, net.params["bn"], strict=True))


def test_freezing_one_of_two_that_share_freezes_both():
    ip = 'type: "InnerProduct" param { name: "w" } inner_product_param { num_output: 2 bias_term: false }'
    net = Net(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }'
        f'layer {{ name: "a" bottom: "x" top: "y" {ip} }} layer {{ name: "b" bottom: "y" top: "z" {ip} }}'
    )
    finetune.freeze(net, ["b"])
    assert [param.lr_mult for param in net.learnable] == [0]


def test_freezing_what_is_not_there():
    with pytest.raises(NetError, match=r"no layer 'conv3' in net 'LeNet'; did you mean 'conv\d'\?"):
        finetune.freeze(Net(lenet()), until="conv3")


# ---- surgery ----


@pytest.mark.parametrize("transpose", [False, True])
def test_a_classifier_that_slides_over_a_larger_picture(transpose):
    t = "transpose: true" if transpose else ""
    net = Net(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 12 dim: 12 } } }'
        'layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 3 '
        'kernel_size: 3 weight_filler { type: "xavier" } } }'
        'layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }'
        'layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { kernel_size: 2 stride: 2 } }'
        'layer { name: "fc1" type: "InnerProduct" bottom: "p" top: "f" inner_product_param { num_output: 6 '
        f'{t} weight_filler {{ type: "xavier" }} bias_filler {{ type: "uniform" }} }} }}'
        'layer { name: "drop" type: "Dropout" bottom: "f" top: "f" }'
        'layer { name: "fc2" type: "InnerProduct" bottom: "f" top: "s" inner_product_param { num_output: 4 '
        f'{t} weight_filler {{ type: "xavier" }} }} }}'
        'layer { name: "prob" type: "Softmax" bottom: "s" top: "prob" }',
        rng=0,
    )
    slider = finetune.fully_convolutional(net, x=(1, 1, 18, 16))
    picture = np.random.default_rng(1).normal(size=(1, 1, 18, 16)).astype(np.float32)
    answers = slider.forward(x=picture)["prob"]
    assert answers.shape == (1, 4, 4, 3)
    for i, j in np.ndindex(4, 3):
        part = picture[:, :, 2 * i : 2 * i + 12, 2 * j : 2 * j + 12]
        np.testing.assert_allclose(answers[:, :, i, j], net.forward(x=part)["prob"], rtol=1e-5)


def test_what_was_flattened_cannot_slide():
    net = Net(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 8 } } }'
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }'
    )
    with pytest.raises(NetError, match=r"layer 'ip' reads 'x' of shape \(1, 8\); only an inner product over images"):
        finetune.fully_convolutional(net)


@pytest.mark.parametrize(
    ("inputs", "error", "says"),
    [
        ({"y": (1, 2, 9, 9)}, NetError, "net 'small' has no input 'y'; it has x"),
        ({"x": 9}, ShapeError, r"expected a shape such as \(1, 3, 451, 451\) for input 'x', found 9"),
        ({"x": (1, 3, 9, 9)}, ShapeError, r"layer 'c': with these inputs \(2, 2, 3, 3\) would become \(2, 3, 3, 3\)"),
    ],
)
def test_inputs_that_cannot_slide(inputs, error, says):
    net = Net(
        'name: "small" layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: 5 dim: 5 } } }'
        'layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 2 kernel_size: 3 }}'
    )
    with pytest.raises(error, match=says):
        finetune.fully_convolutional(net, **inputs)
