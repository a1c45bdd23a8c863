import numpy as np
import pytest
from google.protobuf import text_format

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2
from cafe_edu.pycaffe import layers as L
from cafe_edu.pycaffe import params as P
from cafe_edu.pycaffe.net_spec import assign_proto, param_name_dict

PAIR = [{"lr_mult": 1}, {"lr_mult": 2}]


def lenet(batch_size):
    n = caffe.NetSpec()
    shapes = [{"dim": [batch_size, 1, 28, 28]}, {"dim": [batch_size, 1, 1, 1]}]
    n.data, n.label = L.DummyData(shape=shapes, transform_param={"scale": 1 / 255}, ntop=2)
    n.conv1 = L.Convolution(n.data, kernel_size=5, num_output=20, weight_filler={"type": "xavier"})
    n.pool1 = L.Pooling(n.conv1, kernel_size=2, stride=2, pool=P.Pooling.MAX)
    n.conv2 = L.Convolution(n.pool1, kernel_size=5, num_output=50, weight_filler={"type": "xavier"})
    n.pool2 = L.Pooling(n.conv2, kernel_size=2, stride=2, pool=P.Pooling.MAX)
    n.ip1 = L.InnerProduct(n.pool2, num_output=500, weight_filler={"type": "xavier"})
    n.relu1 = L.ReLU(n.ip1, in_place=True)
    n.ip2 = L.InnerProduct(n.relu1, num_output=10, weight_filler={"type": "xavier"})
    n.loss = L.SoftmaxWithLoss(n.ip2, n.label)
    return n.to_proto()


def test_a_net_in_python_is_caffes_file(shared):
    expected = text_format.Parse(
        (shared / "oracle/pycaffe/lenet_train_test.dump.prototxt").read_text(encoding="utf-8"), caffe_pb2.NetParameter()
    )
    n = caffe.NetSpec()
    tests = {}
    for phase, name, size in ((caffe.TRAIN, "train", 64), (caffe.TEST, "test", 100)):
        tests[name] = L.Data(
            name="mnist", ntop=2, include={"phase": phase}, transform_param={"scale": 1 / 256}, batch_size=size,
            source=f"examples/mnist/mnist_{name}_lmdb", backend=P.Data.LMDB,
        )  # fmt: skip
    n.data, n.label = tests["train"]
    n.conv1 = L.Convolution(n.data, num_output=20, kernel_size=5, stride=1, param=PAIR,
                            weight_filler={"type": "xavier"}, bias_filler={"type": "constant"})  # fmt: skip
    n.pool1 = L.Pooling(n.conv1, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    n.conv2 = L.Convolution(n.pool1, num_output=50, kernel_size=5, stride=1, param=PAIR,
                            weight_filler={"type": "xavier"}, bias_filler={"type": "constant"})  # fmt: skip
    n.pool2 = L.Pooling(n.conv2, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    fillers = {"weight_filler": {"type": "xavier"}, "bias_filler": {"type": "constant"}}
    n.ip1 = L.InnerProduct(n.pool2, num_output=500, param=PAIR, **fillers)
    n.relu1 = L.ReLU(n.ip1, in_place=True)
    n.ip2 = L.InnerProduct(n.relu1, num_output=10, param=PAIR, **fillers)
    n.accuracy = L.Accuracy(n.ip2, n.label, include={"phase": caffe.TEST})
    n.loss = L.SoftmaxWithLoss(n.ip2, n.label)
    found = n.to_proto()
    found.name = "LeNet"
    other = caffe.NetSpec()
    other.data, other.label = tests["test"]
    layers = [*found.layer]
    layers.insert(1, other.to_proto().layer[0])
    found = caffe_pb2.NetParameter(name="LeNet", layer=layers)
    assert str(found) == str(expected)


def test_the_net_runs(write):
    net = caffe.Net(write(str(lenet(50))), caffe.TEST)
    assert net.blobs["pool2"].shape == (50, 50, 4, 4)
    assert net.layer_dict["relu1"].type == "ReLU"
    assert "relu1" not in net.blobs  # in place
    assert float(net.forward()["loss"]) > 0


def test_without_names():
    data, label = L.DummyData(shape=[{"dim": [2, 3]}, {"dim": [2]}], ntop=2)
    ip = L.InnerProduct(data, num_output=4)
    again = L.InnerProduct(L.ReLU(ip, in_place=True), num_output=4)
    spec = L.SoftmaxWithLoss(again, label).to_proto()
    rows = [(layer.name, list(layer.bottom), list(layer.top)) for layer in spec.layer]
    assert rows == [
        ("DummyData1", [], ["DummyData1", "DummyData2"]),
        ("InnerProduct1", ["DummyData1"], ["InnerProduct1"]),
        ("ReLU1", ["InnerProduct1"], ["InnerProduct1"]),
        ("InnerProduct2", ["InnerProduct1"], ["InnerProduct2"]),
        ("SoftmaxWithLoss1", ["InnerProduct2", "DummyData2"], ["SoftmaxWithLoss1"]),
    ]
    assert caffe.to_proto(ip, label).layer == spec.layer[:2]


def test_no_tops():
    n = caffe.NetSpec()
    n.data, n.data2 = L.DummyData(shape={"dim": 3}, ntop=2)
    n.silence = L.Silence(n.data, n.data2, ntop=0)
    last = n.to_proto().layer[-1]
    assert (last.name, last.type, list(last.bottom), list(last.top)) == ("silence", "Silence", ["data", "data2"], [])


def test_each_layer_is_written_once_however_many_ways_lead_to_it():
    top = L.Input(shape={"dim": [1]})
    for _ in range(50):  # by all ways, 2 ** 50 layers
        top = L.Eltwise(top, top)
    assert len(top.to_proto().layer) == 51


def test_a_bottom_that_is_no_top():
    data = L.DummyData(ntop=2)
    says = r"^Silence input 0 \(to be given one by one, as \*tops\) is not a Top \(type is <class 'tuple'>\)$"
    with pytest.raises(TypeError, match=says):
        L.Silence(data, ntop=0)
    with pytest.raises(SpecError, match=r"^ReLU input 0 \('data'\) is not a Top \(type is <class 'str'>\)$"):
        L.ReLU("data")


FIELDS = {"num_output": 2, "kernel_size": 4, "stride": 2}


@pytest.mark.parametrize(
    "top",
    [
        lambda x: L.Deconvolution(x, **FIELDS),
        lambda x: L.Deconvolution(x, convolution_param=FIELDS),
        lambda x: L.Im2col(x, **FIELDS),
    ],
)
def test_types_without_a_message_of_their_own(top):
    layer = top(L.Input(shape={"dim": [1, 3, 8, 8]})).to_proto().layer[-1]
    assert [f.name for f, _ in layer.ListFields()] == ["name", "type", "bottom", "top", "convolution_param"]
    options = layer.convolution_param
    assert (options.num_output, list(options.kernel_size), list(options.stride)) == (2, [4], [2])


def test_fields_of_the_layer_and_of_its_options():
    x = L.Input(shape=[{"dim": [1, 2]}], name="in")
    y = L.Python(x, module="pyloss", layer="Loss", param_str="1", loss_weight=[2], propagate_down=[True])
    layer = y.to_proto().layer
    assert layer[0].name == "in"
    assert (layer[1].python_param.module, layer[1].python_param.layer) == ("pyloss", "Loss")
    assert (list(layer[1].loss_weight), list(layer[1].propagate_down)) == ([2], [True])
    crop = L.Crop(x, x, axis=2, offset=list(np.array([1, 2]))).to_proto().layer[1]
    assert list(crop.crop_param.offset) == [1, 2]
    assert L.MyOwn(x, name="mine").to_proto().layer[1].type == "MyOwn"
    assert L.ReLU(x, relu_param={}).to_proto().layer[1].HasField("relu_param")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda x: L.Pooling(x, kernal_size=2), "a layer of type Pooling has no field 'kernal_size'; did you mean"),
        (lambda x: L.AbsVal(x, zzz=2), "a layer of type AbsVal has no field 'zzz'"),
        (lambda x: L.ReLU(x, relu_param={"slope": 1}), "ReLUParameter has no field 'slope'"),
    ],
)
def test_no_such_field(make, says):
    for error in (SpecError, AttributeError):
        with pytest.raises(error) as caught:
            make(L.Input()).to_proto()
        assert str(caught.value).startswith(says)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"num_output": 2.5}, "`num_output` of InnerProductParameter cannot be 2.5: "),
        ({"num_output": -1}, "`num_output` of InnerProductParameter cannot be -1: "),
        (
            {"weight_filler": "xavier"},
            "`weight_filler` of InnerProductParameter takes a dict, of FillerParameter's fields, found 'xavier'",
        ),
        ({"param": [1]}, "`param` of LayerParameter takes a dict, of ParamSpec's fields, found 1"),
        ({"param": {"lr_mult": "fast"}}, "`lr_mult` of ParamSpec cannot be 'fast': "),
    ],
)
def test_no_such_value(fields, says):
    for error in (SpecError, TypeError, ValueError):
        with pytest.raises(error) as caught:
            L.InnerProduct(L.Input(), **fields).to_proto()
        assert str(caught.value).startswith(says)


def test_arrays_and_messages_as_values():
    filler = caffe_pb2.FillerParameter(type="msra")
    x = L.Input(shape={"dim": np.array([1, 3])})
    y = L.InnerProduct(x, num_output=np.int64(2), weight_filler=filler, param=[caffe_pb2.ParamSpec(lr_mult=3)])
    data, ip = y.to_proto().layer
    assert list(data.input_param.shape[0].dim) == [1, 3]
    assert (ip.inner_product_param.num_output, ip.inner_product_param.weight_filler) == (2, filler)
    assert [p.lr_mult for p in ip.param] == [3]


def test_a_net_spec_is_like_a_dict_and_an_object():
    n = caffe.NetSpec()
    n["x"] = L.Input()
    n.y = L.ReLU(n.x)
    assert n["y"] is n.y
    assert (n.keys(), n.vals()) == (["x", "y"], [n.x, n.y])
    other = caffe.NetSpec()
    other.update(n)
    del n["y"], n.x
    assert n.keys() == []
    assert other.keys() == ["x", "y"]
    with pytest.raises(AttributeError, match="the net has no top 'yy' yet; did you mean 'y'"):
        _ = other.yy


def test_tops_can_be_changed_afterwards():
    top = L.InnerProduct(L.Input(), num_output=2)
    top.fn.params["num_output"] = 3
    top._update({"bias_term": False})
    options = top.to_proto().layer[1].inner_product_param
    assert (options.num_output, options.bias_term) == (3, False)


def test_assign_proto_and_its_names():
    layer = caffe_pb2.LayerParameter()
    assign_proto(layer, "param", [{"lr_mult": 2, "name": "w"}, {"lr_mult": 1}])
    assign_proto(layer, "bottom", "x")
    assign_proto(layer, "pooling_param", {"pool": P.Pooling.AVE})
    assert [p.lr_mult for p in layer.param] == [2, 1]
    assert (list(layer.bottom), layer.pooling_param.pool) == (["x"], 1)
    names = param_name_dict()
    assert (names["InnerProduct"], names["Convolution"], names["LRN"]) == ("inner_product", "convolution", "lrn")


def test_numbers_of_choices():
    assert (P.Pooling.MAX, P.Pooling.AVE, P.Data.LMDB, P.Loss.VALID, P.Eltwise.SUM) == (0, 1, 1, 1, 1)
    with pytest.raises(AttributeError, match="NothingParameter"):
        _ = P.Nothing
    with pytest.raises(AttributeError, match="no layer type '_ReLU'"):
        _ = L._ReLU
