"""net.py: layers joined as Caffe joins them, run forward and backward, written and read."""

import collections
import functools
import json
import os
import pathlib

import numpy as np
import pytest

import cafe_edu
import cafe_edu.layers
from cafe_edu import Layer, layer
from cafe_edu.errors import DataError, NetError, ShapeError, SpecError, WeightsError
from cafe_edu.proto import caffe_pb2

Net = functools.partial(cafe_edu.Net, rng=0)  # seeds are fixed

# ---- nets in few words ----


def inputs(*names, dims=(2, 3)):
    """An Input layer for each name."""
    shape = " ".join(f"dim: {n}" for n in dims)
    return " ".join(
        f'layer {{ name: "{n}" type: "Input" top: "{n}" input_param {{ shape {{ {shape} }} }} }}' for n in names
    )


def ip(name, bottom, top, more="", num_output=3):
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{top}" {more} inner_product_param '
        f'{{ num_output: {num_output} weight_filler {{ type: "gaussian" std: 1 }} }} }}'
    )


def one(type_name, name, bottoms="", tops="", more=""):
    wires = "".join(f' bottom: "{b}"' for b in bottoms.split()) + "".join(f' top: "{t}"' for t in tops.split())
    return f'layer {{ name: "{name}" type: "{type_name}"{wires} {more} }}'


FROZEN = "param { lr_mult: 0 } param { lr_mult: 0 }"
LABEL = inputs("label", dims=(2,))
LOSS = one("SoftmaxWithLoss", "loss", "y label", "loss")


def step(net, name):
    return next(step for step in net.steps if step.layer.name == name)


def runs_backward(net):
    return [step.layer.name for step in net.steps if step.backward]


# ---- real nets, as real Caffe builds them ----


class DummyData(Layer):
    """Stands in until the house has its own."""

    options_field = "dummy_data_param"
    num_bottom, num_top = 0, (1, None)

    def top_shapes(self, bottom_shapes):
        shapes = [tuple(shape.dim) for shape in self.options.shape]
        return shapes * (len(self.spec.top) if len(shapes) == 1 else 1)

    def forward(self, bottom, top):
        pass


def structures():
    """The nets in the stored file, or one empty set to skip."""
    default = pathlib.Path(__file__).parents[2] / "shared"
    file = pathlib.Path(os.environ.get("CAFE_EDU_SHARED") or default) / "oracle" / "nets" / "net_structures.json"
    if not file.is_file():
        return [pytest.param(None, None, marks=pytest.mark.skip(reason=f"no such file: {file}"))]
    nets = json.loads(file.read_text()).items()
    return [pytest.param(stored, phase, id=f"{name}-{phase}") for name, stored in nets for phase in ("TRAIN", "TEST")]


@pytest.mark.parametrize(("stored", "phase"), structures())
def test_structure_is_caffes(stored, phase, monkeypatch):
    expected = stored[phase]
    known = {} if "DummyData" in layer.REGISTRY else {"DummyData": DummyData}
    types = {type_name for _, type_name, _, _ in expected.get("layers", [])}
    missing = types - set(layer.REGISTRY) - set(known)
    if missing or not types:
        pytest.skip(f"not there yet: {', '.join(missing)}" if types else f"real Caffe refuses it: {expected}")
    monkeypatch.setattr(layer, "fill", lambda shape, options, rng: np.zeros(shape, np.float32))  # values cost time
    monkeypatch.syspath_prepend(pathlib.Path(__file__).parent / "pycaffe" / "programs")  # linreg's loss is there
    net = Net(stored["text_used"], phase, layers=known)

    found = [[s.layer.name, s.layer.type, [b.name for b in s.bottom], [b.name for b in s.top]] for s in net.steps]
    assert [row[:2] for row in found] == [row[:2] for row in expected["layers"]]
    count = collections.Counter(row[0] for row in found)
    alone = [count[row[0]] == 1 for row in found]  # of layers of one name the file has the last one's blobs only
    assert [row for row, one in zip(found, alone, strict=True) if one] == [
        row for row, one in zip(expected["layers"], alone, strict=True) if one
    ]
    assert {name: list(blob.shape) for name, blob in net.blobs.items()} == expected["blobs"]
    assert {name: [list(b.shape) for b in blobs] for name, blobs in net.params.items()} == expected["params"]
    assert net.inputs == expected["inputs"]
    assert net.outputs == expected["outputs"]
    weights = {b.name: w for s in net.steps for b, w in zip(s.top, s.loss_weights, strict=True) if w}
    assert weights == {name: weight for name, weight in expected["loss_weights"].items() if weight}
    assert sum(b.count for blobs in net.params.values() for b in blobs) == expected["n_params"]


# ---- which layers are in ----

STAGED = (
    inputs("x") + ip("ip", "x", "a", 'include { stage: "deploy" }') + ip("jp", "x", "b", "include { min_level: 2 }")
)


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ({}, ["x"]),
        ({"stages": ["deploy"]}, ["x", "ip"]),
        ({"level": 2}, ["x", "jp"]),
        ({"level": 3, "stages": ["deploy"]}, ["x", "x_x_0_split", "ip", "jp"]),  # splits come after the rules
    ],
)
def test_level_and_stages(state, names):
    assert [layer.name for layer in Net(STAGED, **state).layers] == names


def test_stages_are_a_list():
    with pytest.raises(NetError, match=r"expected a list of stages, found text: stages=\['deploy'\]"):
        Net(STAGED, stages="deploy")


def test_the_nets_own_state_counts_too():
    own = 'state { level: 2 stage: "deploy" } ' + STAGED
    assert "ip" in Net(own).params
    assert "jp" in Net(own).params
    assert "jp" not in Net(own, level=1).params  # what the caller says wins
    assert list(Net(own, level=1, stages=["other"]).params) == ["ip"]


def test_phase():
    text = inputs("x") + one("Dropout", "d", "x", "y", "include { phase: TRAIN }") + ip("ip", "x", "z")
    assert "y" in Net(text, "TRAIN").blobs
    assert "y" not in Net(text, "TEST").blobs
    with pytest.raises(NetError, match="expected phase 'TRAIN' or 'TEST', found 'train'"):
        Net(text, "train")


def test_a_layer_may_insist_on_a_phase():
    text = inputs("x") + one("Dropout", "d", "x", "y", "phase: TEST")
    x = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(Net(text, "TRAIN").forward(x=x)["y"], x)


def test_rules_of_both_kinds(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(inputs("x") + ip("ip", "x", "y", "include { phase: TEST } exclude { phase: TRAIN }"))
    with pytest.raises(SpecError) as caught:
        Net(path)
    expected = f"layer 'ip' has both `include` and `exclude` rules; use one kind; in {path}"
    assert caught.value.one_line() == expected


# ---- joining layers ----


def test_an_unknown_bottom(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(inputs("pool1") + ip("ip", "pool2", "y"))
    with pytest.raises(NetError) as caught:
        Net(path)
    assert caught.value.one_line() == (
        "layer 'ip' (InnerProduct) reads blob 'pool2', which no layer before it makes; did you mean 'pool1'?; "
        f"in {path}"
    )


def test_a_blob_made_twice():
    with pytest.raises(NetError) as caught:
        Net(inputs("x") + ip("ip", "x", "y") + ip("jp", "x", "y"))
    assert caught.value.one_line() == (
        "blob 'y' is made by 'ip' (InnerProduct) already; to run in place, name it as the bottom at the same "
        "position; in layer 'jp' (InnerProduct), set up, reading x_x_0_split_1 (2, 3)"
    )


def test_a_blob_made_twice_by_one_layer():
    with pytest.raises(NetError, match=r"blob 'x' is made by 'x' \(Input\) already"):
        Net(one("Input", "x", "", "x x", "input_param { shape { dim: 2 } }"))


def test_in_place():
    net = Net(inputs("x") + ip("ip", "x", "y") + one("ReLU", "relu", "y", "y"))
    assert net.steps[1].top == net.steps[2].top
    assert net.outputs == ["y"]
    assert net.forward(x=np.ones((2, 3)))["y"].min() >= 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            one("Softmax", "prob", "x", "p") + one("ReLU", "relu", "p", "p"),
            "it cannot run in place on 'p': 'prob' (Softmax) needs those numbers for its gradient; "
            "give the top another name; in layer 'relu' (ReLU), set up, reading p (2, 3)",
        ),
        (
            one("ReLU", "relu", "x", "r") + one("Softmax", "prob", "r", "r") + one("Dropout", "drop", "r", "r"),
            "it cannot run in place on 'r': 'prob' (Softmax) needs those numbers for its gradient; "
            "give the top another name; in layer 'drop' (Dropout), set up, reading r (2, 3)",
        ),
        (
            one("Split", "split", "x", "a b") + one("ReLU", "relu", "a", "a"),
            "it cannot run in place on 'a', whose memory is also that of 'b'; "
            "in layer 'relu' (ReLU), set up, reading a (2, 3)",
        ),
        (
            ip("ip", "x", "y") + ip("jp", "y", "z") + one("ReLU", "relu", "y", "y"),
            "blob 'y' is made by 'ip' (InnerProduct) already; it cannot run in place here, because other layers "
            "read 'y' too; in layer 'relu' (ReLU), set up, reading y_ip_0_split_1 (2, 3)",
        ),
        (
            ip("ip", "x", "x"),
            "this type cannot run in place: give its top a name other than 'x'; "
            "in layer 'ip' (InnerProduct), set up, reading x (2, 3)",
        ),
    ],
    ids=["top read again", "behind another in place", "split", "two readers", "type that cannot"],
)
def test_unsafe_in_place(text, message):
    with pytest.raises(NetError) as caught:
        Net(inputs("x") + text, "TRAIN")
    assert caught.value.one_line() == message


@pytest.mark.parametrize("below", ["Exp", "Sigmoid", "Softmax", "TanH"])
@pytest.mark.parametrize(
    ("above", "more"),
    [
        ("Bias", ""), ("BNLL", ""), ("Clip", "clip_param { min: 0 max: 1 }"), ("Dropout", ""), ("ELU", ""),
        ("Log", ""), ("PReLU", ""), ("Power", ""), ("ReLU", ""), ("Scale", ""), ("Swish", ""), ("Threshold", ""),
    ],
)  # fmt: skip
def test_what_a_layer_needs_again_nobody_overwrites(below, above, more):
    """Caffe does, and its gradient is then another one, without a word."""
    with pytest.raises(NetError) as caught:
        Net(inputs("x") + one(below, "first", "x", "p") + one(above, "second", "p", "p", more), "TRAIN")
    assert caught.value.one_line() == (
        f"it cannot run in place on 'p': 'first' ({below}) needs those numbers for its gradient; "
        f"give the top another name; in layer 'second' ({above}), set up, reading p (2, 3)"
    )


@pytest.mark.parametrize("below", ["BNLL", "ELU", "Power", "ReLU", "Swish"])
@pytest.mark.parametrize("above", ["Dropout", "ELU", "ReLU", "Scale", "Sigmoid", "Softmax"])
def test_in_place_is_the_same_net(below, above):
    """Where it is allowed: outputs and gradients are those of the net with a name for each top."""
    found = []
    for p in ("y", "p"):
        q = "y" if p == "y" else "q"
        text = inputs("x") + ip("ip", "x", "y") + one(below, "first", "y", p) + one(above, "second", p, q)
        text += ip("jp", q, "z", "loss_weight: 1")
        net = Net(text, "TRAIN", rng=1, dtype=np.float64)
        net.forward(x=np.linspace(-2, 2, 6).reshape(2, 3))
        net.backward()
        found.append([net.blobs["z"].data, *(param.blob.diff for param in net.learnable)])
    for mine, its in zip(*found, strict=True):
        assert its.any()
        np.testing.assert_allclose(mine, its)


def test_in_place_below_a_reader_is_fine():
    """relu overwrites y before the split copies it to both readers."""
    readers = ip("jp", "y", "z") + ip("kp", "y", "w")
    net = Net(inputs("x") + ip("ip", "x", "y") + one("ReLU", "relu", "y", "y") + readers)
    assert [layer.name for layer in net.layers] == ["x", "ip", "relu", "y_relu_0_split", "jp", "kp"]


class View(Layer):
    """A top that is the bottom under another name, as Flatten and Reshape make it."""

    shares_data = in_place = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].share_data(bottom[0])

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff


def test_dropout_in_place_behind_a_layer_that_reads_its_top_again():
    text = inputs("x") + one("Sigmoid", "s", "x", "y") + one("Dropout", "d", "y", "y")
    with pytest.raises(NetError, match="'s' \\(Sigmoid\\) needs those numbers"):
        Net(text, "TRAIN")
    net = Net("force_backward: true " + text, "TEST")  # where Dropout only copies, a deploy file may say so
    y = net.forward(x=np.ones((2, 3)))["y"]
    net.backward(y=np.ones((2, 3)))
    assert np.allclose(net.blobs["x"].diff, y * (1 - y))



@pytest.mark.parametrize(
    "below", [one("Softmax", "below", "x", "p"), one("Split", "below", "x", "p q")], ids=["Softmax", "Split"]
)
def test_unsafe_in_place_through_a_view(below):
    text = inputs("x") + below + one("View", "view", "p", "v") + one("ReLU", "relu", "v", "v")
    with pytest.raises(NetError, match="it cannot run in place on 'v'"):
        Net(text, layers={"View": View})


def test_numbers_of_bottoms_and_tops():
    with pytest.raises(NetError) as caught:
        Net(inputs("x") + one("SoftmaxWithLoss", "loss", "x", "l"))
    expected = "expected 2 bottoms, found 1; in layer 'loss' (SoftmaxWithLoss), set up, reading x (2, 3)"
    assert caught.value.one_line() == expected
    with pytest.raises(NetError, match="expected 1 to 2 tops, found 3"):
        Net(inputs("x") + LABEL + one("Accuracy", "a", "x label", "p q r"))


def test_tops_that_nobody_named():
    net = Net(inputs("y") + LABEL + one("SoftmaxWithLoss", "loss", "y label"), "TRAIN")
    assert net.outputs == []  # as in Caffe
    assert step(net, "loss").loss_weights == [1]
    net.forward(y=np.zeros((2, 3)), label=[0, 1])
    assert net.loss == net.blobs["(automatic)"].data == pytest.approx(np.log(3))


def test_outputs_are_in_alphabetical_order():
    net = Net(inputs("x") + ip("a", "x", "zebra") + ip("b", "x", "ant") + ip("c", "x", "mole"))
    assert net.outputs == ["ant", "mole", "zebra"]
    assert list(net.forward()) == ["ant", "mole", "zebra"]


def test_inputs_are_the_tops_of_input_layers():
    assert Net(inputs("b", "a") + one("ReLU", "r", "a", "c")).inputs == ["b", "a"]


def test_two_layers_with_parameters_of_one_name():
    with pytest.raises(NetError) as caught:
        Net(inputs("x") + ip("ip", "x", "y") + ip("ip", "y", "z"))
    expected = (
        "another layer has this name: their parameters could not be told apart in a file; "
        "in layer 'ip' (InnerProduct), set up, reading y (2, 3)"
    )
    assert caught.value.one_line() == expected


def test_two_layers_without_parameters_may_have_one_name():
    net = Net(inputs("x") + one("ReLU", "r", "x", "y") + one("ReLU", "r", "y", "z"))  # mnist_autoencoder's losses do
    assert [layer.name for layer in net.layers] == ["x", "r", "r"]


def test_a_layer_of_your_own():
    class MyReLU(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = bottom[0].data + 100

    text = inputs("x") + one("ReLU", "r", "x", "y")
    mine, house = Net(text, layers={"ReLU": MyReLU}), Net(text)
    assert mine.forward(x=np.zeros((2, 3)))["y"].max() == 100
    assert house.forward(x=np.zeros((2, 3)))["y"].max() == 0


def test_a_type_nobody_knows():
    with pytest.raises(NetError) as caught:
        Net(inputs("x") + one("Relu", "r", "x", "y"))
    assert caught.value.one_line() == "unknown layer type 'Relu'; did you mean 'ReLU'?; in layer 'r'"


# ---- forward ----


def test_another_batch_size():
    net = Net(inputs("x") + ip("ip", "x", "y") + one("Softmax", "prob", "y", "p"), rng=0)
    x = np.random.default_rng(0).normal(size=(7, 3))
    all_seven = net.forward(x=x)["p"]
    assert all_seven.shape == (7, 3)
    assert net.blobs["y"].shape == (7, 3)
    for i in (3, 0):  # smaller again: old numbers must not shine through
        np.testing.assert_allclose(net.forward(x=x[i : i + 1])["p"], all_seven[i : i + 1], rtol=1e-6)


def test_an_input_that_stays():
    net = Net(inputs("x", "z") + one("ReLU", "r", "x", "y") + one("ReLU", "s", "z", "w"))
    net.forward(x=np.full((2, 3), 5), z=np.full((2, 3), 6))
    out = net.forward(z=np.full((2, 3), 7))
    assert (out["y"].max(), out["w"].max()) == (5, 7)


def test_what_forward_returns_is_yours():
    net = Net(inputs("x") + one("ReLU", "r", "x", "y"))
    first = net.forward(x=np.full((2, 3), 1))
    net.forward(x=np.full((2, 3), 2))
    assert first["y"].max() == 1


@pytest.mark.parametrize("values", [[[1, 2], [3]], "abc", object()])
def test_an_input_that_is_no_numbers(values):
    net = Net(inputs("x"))
    with pytest.raises(DataError, match=f"expected an array of numbers for 'x', found a {type(values).__name__}: "):
        net.forward(x=values)
    assert net.blobs["x"].shape == (2, 3)


@pytest.mark.parametrize("spec", [None, 3, b"layer { }"])
def test_what_is_no_net(spec):
    says = f"expected a path, prototxt text or a NetParameter, found a {type(spec).__name__}"
    with pytest.raises(SpecError, match=says):
        Net(spec)


def test_an_input_nobody_knows():
    net = Net('name: "n" ' + inputs("x", "z"))
    with pytest.raises(NetError, match="net 'n' has no input 'data'; it has x, z"):
        net.forward(data=np.zeros((2, 3)))
    with pytest.raises(NetError, match="net '' has no input 'x'; it has none"):
        Net(one("Dummy", "d", "", "x"), layers={"Dummy": Constant}).forward(x=1)


class Constant(Layer):
    num_bottom = 0

    def top_shapes(self, bottom_shapes):
        return [(2,)]

    def forward(self, bottom, top):
        top[0].data = [1, 2]


def test_errors_name_layer_type_doing_and_shapes():
    net = Net(inputs("x") + ip("ip", "x", "y"))
    with pytest.raises(ShapeError) as caught:
        net.forward(x=np.zeros((2, 4)))
    assert caught.value.one_line().endswith("; in layer 'ip' (InnerProduct), forward, reading x (2, 4)")
    assert "3" in str(caught.value)
    assert "4" in str(caught.value)


@pytest.mark.parametrize("doing", ["set up", "forward", "backward"])
def test_any_error_in_a_layer_is_given_a_place(doing):
    class Broken(Layer):
        def setup(self, bottom):
            self.weight = self.add_param("weight", (1,))
            self.fail("set up")

        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            self.fail("forward")

        def backward(self, top, propagate_down, bottom):
            self.fail("backward")

        def fail(self, now):
            if now == doing:
                raise ZeroDivisionError(now)  # a learner's own mistake is not one of our errors

    def run():
        net = Net(inputs("x") + one("Broken", "b", "x", "y", "loss_weight: 1"), layers={"Broken": Broken})
        net.forward()
        net.backward()

    with pytest.raises(ZeroDivisionError) as caught:
        run()
    assert caught.value.__notes__ == [f"in layer 'b' (Broken), {doing}, reading x (2, 3)"]


# ---- losses ----


def test_a_loss_weight_on_any_top():
    net = Net(inputs("x") + ip("ip", "x", "y", "loss_weight: 0.5"), "TRAIN", rng=0)
    x = np.arange(6).reshape(2, 3)
    y = net.forward(x=x)["y"]
    assert net.loss == pytest.approx(0.5 * y.sum(), rel=1e-6)
    net.backward()
    np.testing.assert_array_equal(net.blobs["y"].diff, np.full((2, 3), 0.5))
    np.testing.assert_allclose(net.params["ip"][0].diff, np.tile(0.5 * x.sum(axis=0), (3, 1)), rtol=1e-6)


def test_several_losses_add_up():
    text = inputs("x") + ip("a", "x", "y") + LABEL + LOSS + one("ReLU", "r", "y", "z", "loss_weight: 0.25")
    net = Net(text, "TRAIN", rng=0)
    out = net.forward(x=np.ones((2, 3)), label=[0, 1])
    assert net.loss == pytest.approx(out["loss"] + 0.25 * out["z"].sum(), rel=1e-6)


def test_a_loss_that_is_read_too_counts_once():
    """Its weight moves to the first top of the split, and none stays behind; in Caffe the default 1 would."""
    text = inputs("y") + LABEL + one("SoftmaxWithLoss", "loss", "y label", "loss", "loss_weight: 3")
    net = Net(text + one("ReLU", "r", "loss", "again"), "TRAIN")
    out = net.forward(y=np.zeros((2, 3)), label=[0, 1])
    assert step(net, "loss").loss_weights == [0]
    assert step(net, "loss_loss_0_split").loss_weights == [3, 0]
    assert net.loss == pytest.approx(3 * np.log(3), rel=1e-6)
    assert out["again"] == pytest.approx(np.log(3), rel=1e-6)


def test_a_net_without_a_loss():
    net = Net(inputs("x") + ip("ip", "x", "y"))
    net.forward()
    assert net.loss == 0
    assert runs_backward(net) == []


def test_a_loss_weight_for_each_top_or_none():
    text = inputs("y") + LABEL + one("SoftmaxWithLoss", "loss", "y label", "a b", "loss_weight: 1")
    with pytest.raises(SpecError, match="expected no `loss_weight` or one for each of 2 tops, found 1"):
        Net(text)


def test_a_label_out_of_range_names_the_layer():
    net = Net(inputs("y") + LABEL + LOSS, "TRAIN")
    with pytest.raises(Exception, match=r"label 7 of item 1 is out of range") as caught:
        net.forward(label=[0, 7])
    assert caught.value.one_line().endswith(
        "; in layer 'loss' (SoftmaxWithLoss), forward, reading y (2, 3), label (2,)"
    )


# ---- which layers run on the way back ----


def test_only_what_learns_below_and_what_a_loss_needs_above():
    text = inputs("x") + ip("frozen", "x", "a", FROZEN) + ip("learns", "a", "b") + one("ReLU", "r", "b", "y")
    text += LABEL + LOSS + ip("branch", "y", "c")
    net = Net(text, "TRAIN")
    # y goes to the loss and to a branch without one
    assert runs_backward(net) == ["learns", "r", "y_r_0_split", "loss"]
    assert step(net, "learns").propagate_down == [False]
    assert step(net, "loss").propagate_down == [True, False]
    net.forward(x=[[1, 1, 1], [-1, -1, -1]], label=[0, 1])
    net.backward()
    assert net.params["learns"][0].diff.any()
    assert not net.params["frozen"][0].diff.any()
    assert not net.params["branch"][0].diff.any()
    assert not net.blobs["a"].diff.any()


def _chain():
    return Net(inputs("x") + LABEL + ip("a", "x", "h") + one("ReLU", "r", "h", "h") + ip("b", "h", "y") + LOSS)


def test_a_part_of_the_net_runs_from_one_layer_to_another():
    net = _chain()
    whole = net.forward(x=np.ones((2, 3)))
    net.blobs["x"].data = 5 * np.ones((2, 3))
    assert net.forward(start="b") == whole  # x changed, and nobody looked at it
    part = net.forward(end="r")
    assert [*part] == ["h"]
    assert net.loss == 0
    assert np.array_equal(part["h"], np.maximum(net.blobs["x"].data @ net.params["a"][0].data.T, 0))
    net.blobs["h"].data = np.zeros((2, 3))
    assert [*net.forward(start="b", end="b")] == ["y"]
    assert not net.blobs["y"].data.any()


def test_the_way_back_runs_from_one_layer_to_another():
    net = _chain()
    net.forward(x=np.ones((2, 3)))
    net.backward(end="b")
    assert net.params["b"][0].diff.any()
    assert not net.params["a"][0].diff.any()
    net.backward(start="r")
    assert net.params["a"][0].diff.any()


def test_the_way_back_starts_from_the_gradients_given():
    net = _chain()
    net.forward(x=np.ones((2, 3)))
    net.backward(start="b", y=[[1, 0, 0], [0, 0, 2]])
    h = net.blobs["h"].data
    assert np.allclose(net.params["b"][0].diff, [h[0], 0 * h[0], 2 * h[1]])
    net.clear_param_diffs()
    net.backward()
    once = net.params["a"][0].diff.copy()
    net.clear_param_diffs()
    net.backward(loss=3)  # wins over the loss weight, which is 1
    assert np.allclose(net.params["a"][0].diff, 3 * once)


def test_a_part_that_is_not_there():
    net = _chain()
    with pytest.raises(NetError, match=r"has no layer 'los'; did you mean 'loss'\?"):
        net.forward(end="los")
    with pytest.raises(NetError, match="has no layer 'q'; it has x, label, a, r, b, loss"):
        net.backward(start="q")
    with pytest.raises(NetError, match=r"has no blob 'yy'; did you mean 'y'\?"):
        net.backward(yy=1)


def test_a_net_frozen_everywhere_does_not_run_backward():
    assert runs_backward(Net(inputs("x") + ip("ip", "x", "y", FROZEN) + LABEL + LOSS, "TRAIN")) == []


def test_one_parameter_that_learns_is_enough():
    text = inputs("x") + ip("ip", "x", "y", "param { lr_mult: 0 } param { lr_mult: 1 }") + LABEL + LOSS
    assert runs_backward(Net(text, "TRAIN")) == ["ip", "loss"]


def test_a_frozen_layer_lets_gradients_through():
    text = inputs("x") + ip("a", "x", "b") + ip("frozen", "b", "y", FROZEN) + LABEL + LOSS
    net = Net(text, "TRAIN")
    assert runs_backward(net) == ["a", "frozen", "loss"]
    assert step(net, "frozen").propagate_down == [True]


def test_a_parameter_that_does_not_learn_gets_no_gradient_unless_forced():
    text = inputs("x") + ip("ip", "x", "y", "param { lr_mult: 0 } param { lr_mult: 1 }") + LABEL + LOSS
    for more, any_slope in (("", False), ("force_backward: true ", True)):
        net = Net(more + text, "TRAIN")
        net.forward(x=np.ones((2, 3)), label=[0, 0])
        net.backward()
        weight, bias = net.params["ip"]
        assert weight.diff.any() == any_slope
        assert bias.diff.any()


def test_twins_of_a_frozen_parameter_are_frozen():
    net = Net(twins("lr_mult: 0", "lr_mult: 0"), "TRAIN")
    net.forward(x=np.ones((2, 3)))
    net.backward()
    assert not net.params["a"][0].diff.any()
    assert not net.params["b"][0].diff.any()
    assert net.params["a"][1].diff.tolist() == [4, 4, 4]  # the bias learns from both


def test_propagate_down_stops_a_gradient():
    text = inputs("x") + ip("a", "x", "b") + ip("c", "b", "y", "propagate_down: false") + LABEL + LOSS
    net = Net(text, "TRAIN")
    assert runs_backward(net) == ["c", "loss"]
    net.forward(x=np.ones((2, 3)), label=[0, 1])
    net.backward()
    assert not net.params["a"][0].diff.any()


def test_propagate_down_on_one_of_two_readers():
    """The other reader's gradient still arrives."""
    text = inputs("x") + ip("a", "x", "b") + ip("c", "b", "y", "propagate_down: false")
    text += ip("d", "b", "z", "loss_weight: 1") + LABEL + LOSS
    net = Net(text, "TRAIN", rng=0)
    assert "a" in runs_backward(net)
    net.forward(x=np.ones((2, 3)), label=[0, 1])
    net.backward()
    np.testing.assert_allclose(net.blobs["b"].diff, np.tile(net.params["d"][0].data.sum(axis=0), (2, 1)), rtol=1e-6)


def test_propagate_down_true_asks_for_a_gradient_nobody_needs():
    text = inputs("x") + ip("a", "x", "y", "propagate_down: true") + LABEL + LOSS
    net = Net(text, "TRAIN")
    net.forward(x=np.ones((2, 3)), label=[0, 1])
    net.backward()
    assert net.blobs["x"].diff.any()


def test_a_propagate_down_for_each_bottom_or_none():
    with pytest.raises(SpecError, match="expected one `propagate_down` for each bottom, or none"):
        Net(inputs("y") + LABEL + one("SoftmaxWithLoss", "loss", "y label", "loss", "propagate_down: true"))


def test_force_backward_reaches_the_input_but_no_label():
    text = "force_backward: true " + inputs("x") + ip("ip", "x", "y", FROZEN) + LABEL + LOSS
    net = Net(text, "TRAIN")
    net.forward(x=np.ones((2, 3)), label=[0, 1])
    net.backward()
    assert net.blobs["x"].diff.any()
    assert not net.blobs["label"].diff.any()
    assert step(net, "loss").propagate_down == [True, False]


def test_force_backward_starts_from_the_diffs_of_outputs_that_are_no_loss():
    net = Net("force_backward: true " + inputs("x") + one("ReLU", "r", "x", "y"))
    net.forward(x=np.array([[1, -1, 1], [-1, 1, -1]]))
    net.blobs["y"].diff = np.arange(6).reshape(2, 3)
    net.backward()
    np.testing.assert_array_equal(net.blobs["x"].diff, [[0, 0, 2], [0, 4, 0]])


def test_a_label_that_learns_gets_no_gradient():
    class Float(Layer):
        """Labels from a layer with a parameter."""

        def setup(self, bottom):
            self.add_param("weight", (1,))

        def top_shapes(self, bottom_shapes):
            return [bottom_shapes[0][:1]]

        def forward(self, bottom, top):
            top[0].data = np.zeros(top[0].shape)

        def backward(self, top, propagate_down, bottom):
            self.params[0].diff += top[0].diff.sum()

    text = inputs("x", "y") + one("Float", "f", "x", "label") + LOSS
    net = Net(text, "TRAIN", layers={"Float": Float})
    net.forward(x=np.ones((2, 3)), y=np.ones((2, 3)))
    net.backward()
    assert step(net, "loss").propagate_down == [False, False]
    assert net.params["f"][0].diff == 0


def test_diffs_of_parameters_add_up_until_cleared():
    net = Net(inputs("x") + ip("ip", "x", "y", "loss_weight: 1"), "TRAIN")
    net.forward(x=np.ones((2, 3)))
    net.backward()
    once = net.params["ip"][0].diff.copy()
    net.backward()
    np.testing.assert_allclose(net.params["ip"][0].diff, 2 * once)
    net.clear_param_diffs()
    assert not net.params["ip"][0].diff.any()


def test_a_net_that_only_predicts_holds_no_diffs():
    net = Net(inputs("x") + ip("ip", "x", "y"))
    net.forward(x=np.ones((2, 3)))
    numbers = 6 + 6 + 9 + 3
    held = sum(blob.nbytes for blob in net.blobs.values()) + sum(blob.nbytes for blob in net.params["ip"])
    assert held == 4 * numbers


# ---- the gradient of a whole net ----

CONV = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 3 dim: 2 dim: 6 dim: 6 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 3 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 group: 2 weight_filler { type: "gaussian" std: 0.5 }
    bias_filler { type: "gaussian" std: 0.5 } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" relu_param { negative_slope: 0.1 } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { kernel_size: 3 stride: 2 } }
layer { name: "mean" type: "Pooling" bottom: "conv" top: "mean" pooling_param { pool: AVE global_pooling: true } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool" top: "y1"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "ip2" type: "InnerProduct" bottom: "mean" top: "y2" loss_weight: 0.3
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "prob" type: "Softmax" bottom: "y2" top: "p" loss_weight: 0 }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y1" bottom: "label" top: "loss" loss_weight: 2 }
"""


def test_gradient_of_a_net_by_central_differences():
    net = Net("force_backward: true " + CONV, "TRAIN", rng=3, dtype=np.float64)
    rng = np.random.default_rng(4)
    net.forward(x=rng.normal(size=(3, 2, 6, 6)), label=[0, 2, 1])
    net.clear_param_diffs()
    net.backward()
    blobs = [net.blobs["x"], *(param.blob for param in net.learnable)]
    found = [blob.diff.copy() for blob in blobs]
    for blob, diff in zip(blobs, found, strict=True):
        expected = central_differences(net, blob)
        np.testing.assert_allclose(diff, expected, rtol=1e-6, atol=1e-6 * abs(expected).max(), err_msg=blob.name)


def central_differences(net, blob, h=1e-5):
    values, slope = blob.data.reshape(-1), np.zeros(blob.count)
    for i, value in enumerate(values.copy()):
        losses = []
        for moved in (value + h, value - h):
            values[i] = moved
            net.forward()
            losses.append(net.loss)
        values[i] = value
        slope[i] = (losses[0] - losses[1]) / (2 * h)
    return slope.reshape(blob.shape)


# ---- shared parameters ----


def twins(first="", second="", num_output=3):
    named = 'param {{ name: "w" {} }} param {{ name: "b" }}'
    text = ip("a", "x", "y", named.format(first) + " loss_weight: 1")
    return inputs("x") + text + ip("b", "x", "z", named.format(second) + " loss_weight: 1", num_output)


def test_shared_parameters_are_one():
    net = Net(twins(), "TRAIN", rng=0)
    assert [(p.layer, p.index, p.name) for p in net.learnable] == [("a", 0, "w"), ("a", 1, "b")]
    out = net.forward(x=np.ones((2, 3)))
    np.testing.assert_array_equal(out["y"], out["z"])
    net.params["b"][0].data[...] = 7
    assert net.params["a"][0].data.min() == 7


def test_gradients_of_shared_parameters_add_up():
    net = Net(twins(), "TRAIN", rng=0)
    x = np.arange(6).reshape(2, 3)
    net.forward(x=x)
    net.clear_param_diffs()
    net.backward()
    expected = np.tile(2 * x.sum(axis=0), (3, 1))  # once for each layer
    np.testing.assert_allclose(net.params["a"][0].diff, expected)
    assert net.params["a"][0].diff is not net.params["b"][0].diff
    np.testing.assert_array_equal(net.params["a"][0].diff, net.params["b"][0].diff)


def test_sharing_wants_the_same_shape():
    with pytest.raises(ShapeError) as caught:
        Net(twins(num_output=2))
    assert caught.value.one_line() == (
        "shared param 'w': expected the shape (3, 3) of its owner 'a', found (2, 3); "
        "in layer 'b' (InnerProduct), set up, reading x_x_0_split_1 (2, 3)"
    )


PERMISSIVE = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 2 dim: 2 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "y" param { name: "w" }
  inner_product_param { num_output: 2 bias_term: false weight_filler { type: "gaussian" } } }
layer { name: "b" type: "InnerProduct" bottom: "t" top: "z" param { name: "w" MODE }
  inner_product_param { num_output: 3 bias_term: false } }
"""


def test_permissive_sharing_wants_the_same_count():
    net = Net(PERMISSIVE.replace("MODE", "share_mode: PERMISSIVE"))
    a, b = net.params["a"][0], net.params["b"][0]
    assert (a.shape, b.shape) == ((2, 3), (3, 2))
    np.testing.assert_array_equal(a.data.ravel(), b.data.ravel())
    with pytest.raises(ShapeError, match=r"expected the shape \(2, 3\) of its owner 'a', found \(3, 2\)"):
        Net(PERMISSIVE.replace("MODE", ""))
    other = PERMISSIVE.replace("MODE", "share_mode: PERMISSIVE").replace("num_output: 3", "num_output: 4")
    with pytest.raises(ShapeError, match=r"expected the count \(2, 3\) of its owner 'a', found \(4, 2\)"):
        Net(other)


@pytest.mark.parametrize("field", ["lr_mult", "decay_mult"])
def test_sharers_agree_on_multipliers(field):
    with pytest.raises(SpecError, match=f"shared param 'w': `{field}` is 1 in 'a', 2 here"):
        Net(twins(f"{field}: 1", f"{field}: 2"))
    assert getattr(Net(twins(f"{field}: 2", f"{field}: 2")).learnable[0], field) == 2
    assert getattr(Net(twins("", f"{field}: 2")).learnable[0], field) == 2  # said by one, true for both
    assert getattr(Net(twins(f"{field}: 2", "")).learnable[0], field) == 2


def test_more_param_messages_than_parameters():
    with pytest.raises(SpecError, match="expected a `param` for each of 2 parameters, found 3"):
        Net(inputs("x") + ip("a", "x", "y", "param { } param { } param { }"))


def test_param_of_a_layer_without_parameters():
    with pytest.raises(SpecError, match="expected a `param` for each of 0 parameters, found 1"):
        Net(inputs("x") + one("ReLU", "r", "x", "y", "param { lr_mult: 1 }"))


# ---- weights in files ----

ENDINGS = [".caffemodel", ".caffemodel.h5"]
TWO = inputs("x") + ip("a", "x", "b") + one("ReLU", "r", "b", "b") + ip("c", "b", "d", num_output=2)


def weights_of(net):
    return [blob.data.copy() for blobs in net.params.values() for blob in blobs]


@pytest.mark.parametrize("ending", ENDINGS)
def test_weights_survive_a_file(ending, tmp_path):
    net, other = Net(TWO, rng=0), Net(TWO, rng=1)
    path = tmp_path / f"net{ending}"
    net.save(path)
    assert not np.array_equal(weights_of(net)[0], weights_of(other)[0])
    other.load(path)
    for mine, theirs in zip(weights_of(net), weights_of(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(weights_of(net), weights_of(Net(TWO, weights=path, rng=2)), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("ending", ENDINGS)
def test_shared_weights_survive_a_file(ending, tmp_path):
    net, other = Net(twins(), rng=0), Net(twins(), rng=1)
    path = tmp_path / f"net{ending}"
    net.save(path)
    other.load(path)
    np.testing.assert_array_equal(other.params["b"][0].data, net.params["a"][0].data)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("shared_name", ["w", "b"])
def test_partly_shared_weights_survive_a_file(ending, shared_name, tmp_path):
    """HDF5 holds the shared one at its owner alone, so its place is empty elsewhere."""
    names = {"w": 'param { name: "w" } param { }', "b": 'param { } param { name: "b" }'}[shared_name]
    text = inputs("x") + ip("a", "x", "y", names) + ip("b", "x", "z", names)
    net, other = Net(text, rng=0), Net(text, rng=1)
    for i, blob in enumerate(p.blob for p in net.learnable):
        blob.data[...] = i
    path = tmp_path / f"net{ending}"
    net.save(path)
    other.load(path)
    for mine, theirs in zip(weights_of(net), weights_of(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("ending", ENDINGS)
def test_layers_only_one_side_has(ending, tmp_path):
    path = tmp_path / f"net{ending}"
    Net(TWO, rng=0).save(path)
    bigger = Net(TWO + ip("new", "d", "e"), rng=1)
    before = bigger.params["new"][0].data.copy()
    bigger.load(path)
    np.testing.assert_array_equal(bigger.params["new"][0].data, before)
    np.testing.assert_array_equal(bigger.params["a"][0].data, Net(TWO, weights=path).params["a"][0].data)
    Net(inputs("x") + ip("a", "x", "b"), weights=path)  # the file's other layers are nobody's


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_wrong_shape_changes_nothing(ending, tmp_path):
    path = tmp_path / f"net{ending}"
    Net(TWO, rng=0).save(path)
    net = Net(TWO.replace("num_output: 2", "num_output: 5"), rng=1)
    before = weights_of(net)
    with pytest.raises(WeightsError) as caught:
        net.load(path)
    assert caught.value.one_line() == (
        "layer 'c', parameter 0: expected shape (5, 3), found (2, 3); to leave this layer as it is, "
        f"give it a name that the file does not have; in {path}"
    )
    for mine, then in zip(weights_of(net), before, strict=True):
        np.testing.assert_array_equal(mine, then)


def test_a_wrong_number_of_parameters(tmp_path):
    path = tmp_path / "net.caffemodel"
    Net(TWO).save(path)
    fewer = TWO.replace("num_output: 2", "num_output: 2 bias_term: false")
    with pytest.raises(WeightsError, match="layer 'c': expected 1 parameters, found 2"):
        Net(fewer, weights=path)
    Net(fewer).save(path)
    with pytest.raises(WeightsError, match="layer 'c': expected 2 parameters, found 1"):
        Net(TWO, weights=path)


def test_a_file_of_another_net(tmp_path):
    path = tmp_path / "net.caffemodel"
    Net(TWO).save(path)
    with pytest.raises(WeightsError) as caught:
        Net(inputs("x") + ip("q", "x", "y"), weights=path)
    assert str(caught.value) == f"{path} has no layer of this net: it has a, c; the net has q"


def test_old_files_write_four_axes(tmp_path):
    """Before 2015 a bias was 1 x 1 x 1 x N."""
    net = Net(TWO, rng=0)
    message = caffe_pb2.NetParameter()
    for name, blobs in net.params.items():
        layer = message.layer.add(name=name)
        for blob in blobs:
            old = (1,) * (4 - len(blob.shape)) + blob.shape
            sides = dict(zip(("num", "channels", "height", "width"), old, strict=True))
            layer.blobs.add(data=blob.data.ravel(), **sides)
    path = tmp_path / "old.caffemodel"
    path.write_bytes(message.SerializeToString())
    for mine, theirs in zip(weights_of(net), weights_of(Net(TWO, weights=path, rng=1)), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_nets_that_share():
    train, test = Net(TWO, "TRAIN", rng=0), Net(TWO + ip("own", "d", "e"), "TEST", rng=1)
    test.share_with(train)
    train.params["a"][0].data[...] = 9
    assert test.params["a"][0].data.min() == 9
    with pytest.raises(ShapeError) as caught:
        Net(TWO.replace("num_output: 2", "num_output: 5")).share_with(train)
    expected = "layer 'c' cannot share: its parameters are [(5, 3), (5,)], the other's [(2, 3), (2,)]"
    assert str(caught.value) == expected


# ---- chance, kinds of input ----


def test_one_seed_gives_one_net():
    assert all(
        np.array_equal(a, b) for a, b in zip(weights_of(Net(TWO, rng=5)), weights_of(Net(TWO, rng=5)), strict=True)
    )
    assert not np.array_equal(weights_of(Net(TWO, rng=5))[0], weights_of(Net(TWO, rng=6))[0])


def test_a_net_from_path_text_or_message(tmp_path):
    from cafe_edu.prototxt import parse_net

    path = tmp_path / "two.prototxt"
    path.write_text(TWO)
    message = parse_net(TWO)
    before = message.SerializeToString()
    nets = [Net(path), Net(str(path)), Net(TWO), Net(message)]
    assert [net.outputs for net in nets] == [["d"]] * 4
    assert nets[0].folder == tmp_path
    assert message.SerializeToString() == before


# ---- a loss whose top another layer reads ----

READ_ON = """
layer { name: "in" type: "Input" top: "x" top: "label" input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""
TRIPLE = """layer { name: "%s" type: "Power" bottom: "loss" top: "%s" loss_weight: 2 power_param { scale: 3 } }"""
READERS = {
    "nothing": ("", 1),
    "Power": (TRIPLE % ("p", "p"), 1 + 2 * 3),
    "two": (TRIPLE % ("p", "p") + TRIPLE % ("q", "q"), 1 + 2 * 2 * 3),
    "Silence": ('layer { name: "s" type: "Silence" bottom: "loss" }', 1),  # in Caffe, nothing learns then
    "no loss": ('layer { name: "p" type: "Power" bottom: "loss" top: "p" }', 1),  # nor then
    "both": (TRIPLE % ("p", "p") + 'layer { name: "s" type: "Silence" bottom: "loss" }', 1 + 2 * 3),
    "propagate_down": ((TRIPLE % ("p", "p")).replace("loss_weight", "propagate_down: false loss_weight"), 1),
    "same memory": ('layer { name: "f" type: "Reshape" bottom: "loss" top: "f" reshape_param { shape { dim: 1 } } }'
                    + (TRIPLE % ("p", "p")).replace('"loss"', '"f"'), 1 + 2 * 3),
}  # fmt: skip


def slopes(text, times=1, **fields):
    net = Net(text, "TRAIN", rng=0)
    net.blobs["x"].data = np.random.default_rng(1).normal(size=(4, 3))
    net.blobs["label"].data = [0, 2, 1, 1]
    for _ in range(times):
        net.clear_param_diffs()
        net.forward()
        net.backward()
    return net, net.params["ip"][0].diff.copy()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("weight", ["", "loss_weight: 1", "loss_weight: 0.5"])
def test_a_loss_that_is_read_counts_beside_its_reader(reader, weight):
    """With its default weight as with a written one, for which a Split is made."""
    text, factor = READERS[reader]
    once = slopes(READ_ON)[1]
    more = READ_ON.replace('top: "loss"', f'top: "loss" {weight}')
    expected = once * (factor - (0.5 if "0.5" in weight else 0))
    assert abs(once).max() > 0.01
    for times in (1, 3):
        net, found = slopes(more + text, times)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
        loss = factor if reader != "propagate_down" else 1 + 2 * 3  # the way there is not the way back
        loss -= 0.5 if "0.5" in weight else 0
        assert net.loss == pytest.approx(loss * net.blobs["loss"].data.item(), rel=1e-5)


def test_splits_of_a_loss_that_is_read_are_caffes():
    """One for two readers; none for one, as the default weight is no reader."""
    one, two = (Net(READ_ON + READERS[reader][0], "TRAIN") for reader in ("Power", "two"))
    assert [layer.name for layer in one.layers] == ["in", "ip", "loss", "p"]
    assert [layer.name for layer in two.layers] == ["in", "ip", "loss", "loss_loss_0_split", "p", "q"]
    assert [step.bottom[0].name for step in two.steps[-2:]] == ["loss_loss_0_split_0", "loss_loss_0_split_1"]


def test_a_way_back_that_begins_at_the_loss_counts_it_once():
    """Its reader's gradient, of another time, is no part of it; a gradient that is given wins over both."""
    once = slopes(READ_ON)[1]
    net, _ = slopes(READ_ON + READERS["Power"][0])
    for diffs, factor in (({}, 1), ({"loss": 5}, 5)):
        net.clear_param_diffs()
        net.backward(start="loss", **diffs)
        np.testing.assert_allclose(net.params["ip"][0].diff, factor * once, rtol=1e-5)


def test_nothing_runs_in_place_on_a_loss():
    text = READ_ON + 'layer { name: "r" type: "ReLU" bottom: "loss" top: "loss" }'
    with pytest.raises(NetError) as caught:
        Net(text, "TRAIN")
    assert str(caught.value) == (
        "it cannot run in place on 'loss', which is a part of the loss; give the top another name"
    )
