import weakref

import numpy as np
import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import CafeError, DataError, NetError, ShapeError

NET = """
name: "two_ways"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 6 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "conv" top: "prob" }
"""
LOSS = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 4 dim: 3 } shape { dim: 4 } data_filler { type: "gaussian" } data_filler { } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" loss_weight: 3 }
layer { name: "seen" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
"""


@pytest.fixture
def net(write):
    caffe.set_random_seed(0)
    return caffe.Net(write("force_backward: true" + NET), caffe.TEST)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 3, 6, 6)).astype(np.float32)


def test_names(net):
    assert list(net.blobs) == ["data", "conv", "conv_relu_0_split_0", "conv_relu_0_split_1", "ip", "prob"]
    assert {name: [blob.shape for blob in blobs] for name, blobs in net.params.items()} == {
        "conv": [(4, 3, 3, 3), (4,)],
        "ip": [(5, 64), (5,)],
    }
    assert (net.inputs, net.outputs) == (["data"], ["ip", "prob"])
    assert list(net.layer_dict) == net._layer_names == list(net.top_names) == list(net.bottom_names)
    assert (net._blob_names, net._inputs, net._outputs) == (list(net.blobs), [0], [4, 5])
    assert net._blobs == list(net.blobs.values())
    assert (net._bottom_ids(3), net._top_ids(3), net._top_ids(2)) == ([1], [2, 3], [1])
    assert net._blob_loss_weights == [0] * 6
    assert net._layer_names == ["data", "conv", "relu", "conv_relu_0_split", "ip", "prob"]
    assert net.top_names["conv_relu_0_split"] == ["conv_relu_0_split_0", "conv_relu_0_split_1"]
    assert net.bottom_names["ip"] == ["conv_relu_0_split_0"]
    assert [layer.type for layer in net.layers] == ["Input", "Convolution", "ReLU", "Split", "InnerProduct", "Softmax"]
    assert net.layer_dict["ip"].blobs[0] is net.params["ip"][0]
    assert all(isinstance(layer, caffe.Layer) for layer in net.layers)
    assert list(net.layers[2].blobs) == []


def test_blobs_are_views_to_read_and_write(net, x):
    net.blobs["data"].data[...] = x
    out = net.forward()
    assert out["prob"][0].argmax() in range(4 * 16)
    assert out["ip"] is not net.blobs["ip"].data
    assert np.shares_memory(out["ip"], net.blobs["ip"].data)
    before = out["ip"].copy()
    net.params["ip"][0].data.flat = 0
    net.params["ip"][1].data[:] = np.arange(5)
    net.forward()
    assert (out["ip"] != before).any()  # a live view, as pycaffe's
    assert out["ip"].tolist() == [[0, 1, 2, 3, 4]] * 2
    blob = net.blobs["data"]
    assert (blob.num, blob.channels, blob.height, blob.width, blob.count, blob.shape[1]) == (2, 3, 6, 6, 216, 3)
    assert net.params["ip"][1].data.mean() == 2


def test_inputs_by_name(net, x):
    net.blobs["data"].data[...] = x
    expected = net.forward()["ip"].copy()
    net.blobs["data"].data[...] = 0
    assert np.array_equal(net.forward(data=x)["ip"], expected)
    assert np.array_equal(net.blobs["data"].data, x)


def test_inputs_that_do_not_fit(net, x):
    with pytest.raises(NetError, match="expected one array for each of the net's inputs, data; found date"):
        net.forward(date=x)
    with pytest.raises(DataError, match=r"as many items as its batch has, found \(1, 3, 6, 6\); to change the batch: "):
        net.forward(data=x[:1])
    with pytest.raises(DataError, match=r"expected data of \(2, 3, 6, 6\) for 'data', found \(2, 3, 5, 6\)"):
        net.forward(data=x[:, :, 1:])
    with pytest.raises(NetError, match="expected numbers of layers from 0 to 5, found -1 to 2"):
        net._forward(-1, 2)
    with pytest.raises(NetError, match="expected numbers of layers from 0 to 5, found 0 to 6"):
        net._backward(6, 0)
    with pytest.raises(NetError, match="expected one array for each of the net's outputs, ip, prob; found ip"):
        net.backward(ip=np.ones((2, 5)))
    with pytest.raises(NetError, match="the net has no blob 'fc'; it has data, conv"):
        net.forward(blobs=["fc"])
    with pytest.raises(NetError, match="has no layer 'conw'; did you mean 'conv'"):
        net.forward(start="conw")


def test_parts_forward(net, x):
    found = net.forward(data=x, end="conv")
    assert found.keys() == {"conv"}
    assert (found["conv"] < 0).any()  # the ReLU, in place, did not run
    net.blobs["conv_relu_0_split_0"].data[...] = 1
    W, b = (blob.data for blob in net.params["ip"])
    found = net.forward(blobs=["conv"], start="ip", end="ip")
    assert found.keys() == {"ip", "conv"}
    np.testing.assert_allclose(found["ip"], np.tile(W.sum(axis=1) + b, (2, 1)), rtol=1e-5)


def test_a_net_of_no_layers(write):
    net = caffe.Net(write('name: "empty"'), caffe.TEST)
    assert net.forward() == net.backward() == {}


def test_parts_backward(net, x):
    net.forward(data=x)
    net.blobs["ip"].diff[...] = dy = np.arange(10).reshape(2, 5)
    found = net.backward(start="ip", end="ip")
    assert found.keys() == {"conv_relu_0_split_0"}
    expected = (dy @ net.params["ip"][0].data).reshape(2, 4, 4, 4)
    np.testing.assert_allclose(found["conv_relu_0_split_0"], expected, rtol=1e-5)
    assert not net.params["conv"][0].diff.any()


def test_gradients_of_the_input(net, x):
    net.forward(data=x)
    r = {"ip": np.random.default_rng(1).normal(size=(2, 5)), "prob": np.zeros((2, 4, 4, 4))}
    found = net.backward(diffs=["conv"], **r)
    assert found.keys() == {"data", "conv"}
    assert np.shares_memory(found["data"], net.blobs["data"].diff)
    dx, h = found["data"].copy(), 0.01
    step = np.zeros_like(x)
    step[1, 2, 3, 3] = h
    up, down = ((r["ip"] * net.forward(data=x + s)["ip"]).sum() for s in (step, -step))
    np.testing.assert_allclose(dx[1, 2, 3, 3], (up - down) / (2 * h), rtol=0.01)


def test_by_number(net, x, write):
    net.blobs["data"].data[...] = x
    assert net._forward(0, len(net.layers) - 1) == 0  # no loss
    net = caffe.Net(write(LOSS), caffe.TRAIN)
    loss = net._forward(0, 2)
    np.testing.assert_allclose(loss, 3 * float(net.blobs["loss"].data), rtol=1e-6)
    net._backward(2, 2)
    assert net.blobs["ip"].diff.any()
    assert not net.params["ip"][0].diff.any()
    net._backward(1, 1)
    assert net.params["ip"][0].diff.any()


def test_loss_weights_stand_in_the_diffs(write):
    net = caffe.Net(write(LOSS), caffe.TRAIN)
    assert net.blob_loss_weights == {"data": 0, "label": 0, "ip": 0, "loss": 3}
    assert float(net.blobs["loss"].diff) == 3
    net.forward()
    net.backward()
    first = net.params["ip"][0].diff.copy()
    net.clear_param_diffs()
    net.blobs["loss"].diff[...] = 6  # a user's own stays
    net.backward()
    np.testing.assert_allclose(net.params["ip"][0].diff, 2 * first, rtol=1e-5)
    net.clear_param_diffs()
    net.backward(loss=np.array(1.5))
    np.testing.assert_allclose(net.params["ip"][0].diff, first / 2, rtol=1e-5)


def test_a_weighed_blob_that_grows_keeps_its_weight(write):
    net = caffe.Net(
        write("""
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
        layer { name: "b" type: "Bias" bottom: "x" top: "y" loss_weight: 2 }"""),
        caffe.TRAIN,
    )
    net.blobs["x"].reshape(5, 2)
    net.forward()
    net.backward()
    assert net.params["b"][0].diff.tolist() == [10, 10]
    net.blobs["x"].reshape(7, 2)
    net.reshape()
    assert (net.blobs["y"].diff == 2).all()


def test_a_users_own_diff_stays_after_a_new_shape(write):
    net = caffe.Net(
        write("""
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
        layer { name: "b" type: "Bias" bottom: "x" top: "y" loss_weight: 2 }"""),
        caffe.TRAIN,
    )
    net.blobs["x"].reshape(3, 2)
    net.forward()
    net.blobs["y"].diff[...] = 7
    net.backward()
    assert net.params["b"][0].diff.tolist() == [21, 21]


def test_any_number_of_items(net):
    x = np.random.default_rng(2).normal(size=(5, 3, 6, 6)).astype(np.float32)
    expected = np.concatenate([net.forward(data=x[i : i + 2])["ip"].copy() for i in (0, 2)])
    found = net.forward_all(data=x, blobs=["conv"])
    assert found.keys() == {"ip", "prob", "conv"}
    assert found["ip"].shape == (5, 5)
    np.testing.assert_array_equal(found["ip"][:4], expected)
    net.blobs["data"].data[0] = x[4]
    np.testing.assert_allclose(found["ip"][4], net.forward()["ip"][0], rtol=1e-5)


def test_no_items(net):
    found = net.forward_all(data=np.zeros((0, 3, 6, 6)), blobs=["conv"])
    assert {name: values.shape for name, values in found.items()} == {
        "ip": (0, 5), "prob": (0, 4, 4, 4), "conv": (0, 4, 4, 4),
    }  # fmt: skip


def test_what_caffe_gave_for_seven_items(shared):
    folder = shared / "oracle/pycaffe"
    stored = np.load(folder / "io_classifier.npz")
    for weights in ("cls.caffemodel", "cls.caffemodel.h5"):
        net = caffe.Net(str(folder / "cls.prototxt"), caffe.TEST, weights=str(folder / weights))
        found = net.forward_all(data=stored["fa_x"], blobs=["ip"])
        assert found.keys() == {"prob", "ip"}
        for name in found:
            np.testing.assert_allclose(found[name], stored[f"fa_{name}"], rtol=1e-4, atol=1e-5)


def test_any_number_of_items_and_back(net):
    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(3, 3, 6, 6)), rng.normal(size=(3, 5))
    outs, diffs = net.forward_backward_all(data=x, ip=dy, prob=np.zeros((3, 4, 4, 4)), blobs=["conv"], diffs=["conv"])
    assert {name: len(values) for name, values in outs.items()} == {"ip": 3, "prob": 3, "conv": 3}
    assert {name: len(values) for name, values in diffs.items()} == {"data": 3, "conv": 3}
    net.forward(data=x[1:])
    again = net.backward(ip=dy[1:], prob=np.zeros((2, 4, 4, 4)))
    np.testing.assert_allclose(diffs["data"][1:], again["data"], rtol=1e-4)


def test_arrays_of_different_lengths(net):
    with pytest.raises(NetError, match=r"expected arrays of as many items each, found \{'data': 3, 'ip': 2\}"):
        net.forward_backward_all(data=np.zeros((3, 3, 6, 6)), ip=np.zeros((2, 5)))
    with pytest.raises(NetError, match="expected arrays of as many items each, found no array"):
        net.forward_all()


def test_a_loss_comes_once_for_each_batch(write):
    net = caffe.Net(
        write("""
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 } } }
        layer { name: "s" type: "Reduction" bottom: "x" top: "sum" }"""),
        caffe.TEST,
    )
    assert net.forward_all(x=np.ones((5, 1)))["sum"].tolist() == [2, 2, 1]


def test_a_new_shape(write):
    net = caffe.Net(write(NET.partition('layer { name: "ip"')[0]), caffe.TEST)
    net.blobs["data"].reshape(1, 3, 12, 9)
    net.reshape()
    assert net.blobs["conv"].data.shape == (1, 4, 10, 7)
    net.blobs["data"].reshape(5, 3, 4, 4)
    assert net.forward()["conv"].shape == (5, 4, 2, 2)


def test_a_new_shape_that_does_not_fit(net):
    net.blobs["data"].reshape(1, 3, 12, 12)
    with pytest.raises(ShapeError) as caught:
        net.reshape()
    assert "in layer 'ip' (InnerProduct), reshape" in caught.value.one_line()


def test_listeners(net, x):
    heard = []
    for when in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net, when)(lambda i, when=when: heard.append((when, i)))
    net.before_forward(lambda i: heard.append(("second", i)))
    net.forward(data=x, end="conv")
    assert heard == [
        ("before_forward", 0), ("second", 0), ("after_forward", 0),
        ("before_forward", 1), ("second", 1), ("after_forward", 1),
    ]  # fmt: skip
    heard.clear()
    net.backward(start="ip", end="ip")
    assert heard == [("before_backward", 4), ("after_backward", 4)]


@pytest.mark.parametrize(("write_as", "read_as"), [("save", "copy_from"), ("save_hdf5", "load_hdf5")])
@pytest.mark.parametrize("ending", ["", ".caffemodel", ".h5"])
def test_weights_in_files(net, write, tmp_path, write_as, read_as, ending):
    path = str(tmp_path / f"weights{ending}")
    getattr(net, write_as)(path)
    with open(path, "rb") as file:
        assert (file.read(4) == b"\x89HDF") == (write_as == "save_hdf5")
    other = caffe.Net(write(NET), caffe.TEST)
    assert (other.params["ip"][0].data != net.params["ip"][0].data).any()
    getattr(other, read_as)(path)
    assert all(
        np.array_equal(a.data, b.data)
        for name in net.params
        for a, b in zip(net.params[name], other.params[name], strict=True)
    )


def test_weights_of_another_net_change_nothing(net, write, tmp_path):
    path = str(tmp_path / "w.caffemodel")
    net.save(path)
    other = caffe.Net(write(NET.replace('"conv" type', '"c" type').replace('"ip" type', '"i" type')), caffe.TEST)
    before = other.params["c"][0].data.copy()
    other.copy_from(path)
    assert np.array_equal(other.params["c"][0].data, before)


def test_the_ways_to_build(net, write, tmp_path):
    weights, file = str(tmp_path / "w.caffemodel"), write(NET)
    net.save(weights)
    with pytest.warns(DeprecationWarning, match="old form: say Net"):
        old = caffe.Net(file, weights, caffe.TEST)
    new, by_name = caffe.Net(file, 1, weights=weights), caffe.Net(phase=1, network_file=file, weights=weights)
    for other in (old, new, by_name):
        assert np.array_equal(other.params["ip"][0].data, net.params["ip"][0].data)


@pytest.mark.parametrize("phase", [None, 2, "TEST.caffemodel"])
@pytest.mark.filterwarnings("ignore:Net.file, weights, phase")
def test_a_phase_is_needed(write, phase):
    with pytest.raises(CafeError, match=r"expected a phase, caffe.TRAIN \(0\) or caffe.TEST \(1\), found"):
        caffe.Net(write(NET), *([] if phase is None else [phase]))


RULES = """
layer { name: "data" type: "DummyData" top: "data" dummy_data_param { shape { dim: 1 } } }
layer { name: "deep" type: "AbsVal" bottom: "data" top: "deep" include { min_level: 1 } }
layer { name: "staged" type: "AbsVal" bottom: "data" top: "staged" include { stage: "A" stage: "B" } }
layer { name: "train" type: "AbsVal" bottom: "data" top: "train" include { phase: TRAIN } }
"""


@pytest.mark.parametrize(
    ("how", "has"),
    [
        ({}, {"train"}),
        ({"level": 1}, {"train", "deep"}),
        ({"stages": ["A"]}, {"train"}),
        ({"stages": ["A", "B"], "phase": 1}, {"staged"}),
    ],
)
def test_levels_and_stages(write, how, has):
    net = caffe.Net(write(RULES), **{"phase": caffe.TRAIN, **how})
    assert {name for name in net.blobs if "data" not in name} == has


def test_two_nets_share(net, write):
    other = caffe.Net(write(NET), caffe.TRAIN)
    other.share_with(net)
    net.params["conv"][1].data[...] = 7
    assert (other.params["conv"][1].data == 7).all()


def test_parameters_outlive_the_net(net):
    params = [blob for blobs in net.params.values() for blob in blobs]
    del net
    assert sum(p.data.sum() + p.diff.sum() for p in params) != 0


def test_a_net_goes_when_its_last_user_goes(net, x, write):
    net.forward(data=x)
    nets = [weakref.ref(net._net), weakref.ref(caffe.Net(write(LOSS), caffe.TRAIN)._net)]
    assert [ref() is None for ref in nets] == [False, True]  # at once, not when Python collects its garbage


def test_arrays_for_a_net_that_begins_otherwise(net):
    with pytest.raises(NetError, match="wants a net that begins with MemoryData, found Input"):
        net.set_input_arrays(np.zeros((2, 3, 6, 6)), np.zeros(2))


def test_it_shows_itself_as_our_net(net):
    assert "conv" in repr(net)
    assert "<table" in net._repr_html_()
