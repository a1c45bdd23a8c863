"""caffe_pb2.py is what caffe.proto says, and caffe.proto is what Caffe's files say."""

import importlib.util
import pathlib

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import cafe_edu
from cafe_edu.proto import caffe_pb2

ROOT = pathlib.Path(next(iter(cafe_edu.__path__))).parent


def test_module_is_made_from_the_text():
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which compiles caffe.proto, is not installed")
    from cafe_edu.proto.__main__ import module

    made = pathlib.Path(caffe_pb2.__file__).read_text(encoding="utf-8")
    assert module(ROOT) == made, "caffe.proto has changed: run `python -m cafe_edu.proto`"


def test_module_can_live_beside_caffes_own():
    assert caffe_pb2.DESCRIPTOR.name == "cafe_edu/proto/caffe.proto"
    assert caffe_pb2.DESCRIPTOR.package == "cafe_edu"
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe")
    file.message_type.add(name="NetParameter")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(caffe_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    assert pool.FindMessageTypeByName("caffe.NetParameter").fields == []
    assert pool.FindMessageTypeByName("cafe_edu.NetParameter").fields


def test_module_can_be_read_twice():
    spec = importlib.util.spec_from_file_location("again", caffe_pb2.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    assert again.Phase.Value("TEST") == 1


# ---- numbers and defaults, from messages serialised by hand ----

SERIALISED = [
    (caffe_pb2.NetParameter(name="n"), b"\x0a\x01n"),
    (caffe_pb2.NetParameter(layer=[{"name": "l"}]), b"\xa2\x06\x03\x0a\x01l"),
    (caffe_pb2.NetParameter(layers=[{"name": "l"}]), b"\x12\x03\x22\x01l"),
    (caffe_pb2.NetParameter(layers=[{"layer": {"name": "l"}}]), b"\x12\x05\x0a\x03\x0a\x01l"),
    (caffe_pb2.NetParameter(input=["x"], input_dim=[1, 2]), b"\x1a\x01x\x20\x01\x20\x02"),
    (caffe_pb2.LayerParameter(phase="TEST"), b"\x50\x01"),
    (caffe_pb2.LayerParameter(propagate_down=[True]), b"\x58\x01"),
    (caffe_pb2.LayerParameter(swish_param={"beta": 0}), b"\x9a\x09\x05\x0d\0\0\0\0"),
    (
        caffe_pb2.LayerParameter(clip_param={"min": 0, "max": 0}),
        b"\xa2\x09\x0a\x0d\0\0\0\0\x15\0\0\0\0",
    ),
    (caffe_pb2.LayerParameter(permute_param={"order": [1, 0]}), b"\xd2\x0c\x04\x08\x01\x08\x00"),
    (caffe_pb2.LayerParameter(norm_param={"channel_shared": False}), b"\xf2\x0c\x02\x18\x00"),
    (caffe_pb2.LayerParameter(upsample_param={"scale": 2}), b"\xaa\x09\x02\x08\x02"),
    (caffe_pb2.BlobShape(dim=[2, 3]), b"\x0a\x02\x02\x03"),  # packed
    (caffe_pb2.BlobProto(data=[0, 0]), b"\x2a\x08" + bytes(8)),  # packed
    (caffe_pb2.BlobProto(double_diff=[0]), b"\x4a\x08" + bytes(8)),  # packed
    (caffe_pb2.Datum(float_data=[0, 0]), b"\x35\0\0\0\0\x35\0\0\0\0"),  # not packed
    (caffe_pb2.ConvolutionParameter(kernel_size=[3, 5]), b"\x20\x03\x20\x05"),  # not packed
    (caffe_pb2.SolverParameter(weights=["w"]), b"\xd2\x02\x01w"),
    (caffe_pb2.V1LayerParameter(type="DECONVOLUTION", param=["p"]), b"\x28\x27\xca\x3e\x01p"),
]


@pytest.mark.parametrize(("message", "expected"), SERIALISED)
def test_bytes(message, expected):
    assert message.SerializeToString() == expected


def test_defaults():
    layer, solver = caffe_pb2.LayerParameter(), caffe_pb2.SolverParameter()
    assert layer.convolution_param.bias_term
    assert layer.convolution_param.group == 1
    assert layer.convolution_param.axis == 1
    assert layer.pooling_param.stride == 1
    assert layer.pooling_param.round_mode == caffe_pb2.PoolingParameter.CEIL
    assert layer.data_param.backend == caffe_pb2.DataParameter.LEVELDB
    assert layer.data_param.prefetch == 4
    assert layer.lrn_param.local_size == 5
    assert layer.lrn_param.beta == 0.75
    assert layer.dropout_param.dropout_ratio == 0.5
    assert layer.eltwise_param.operation == caffe_pb2.EltwiseParameter.SUM
    assert layer.crop_param.axis == 2
    assert layer.exp_param.base == -1
    assert layer.swish_param.beta == 1
    assert layer.norm_param.across_spatial
    assert layer.norm_param.channel_shared
    assert layer.norm_param.eps == pytest.approx(1e-10)
    assert layer.reduction_param.operation == caffe_pb2.ReductionParameter.SUM == 1
    assert layer.hinge_loss_param.norm == caffe_pb2.HingeLossParameter.L1 == 1
    assert layer.loss_param.normalization == caffe_pb2.LossParameter.VALID
    assert caffe_pb2.ParamSpec().lr_mult == 1
    assert caffe_pb2.FillerParameter().type == "constant"
    assert caffe_pb2.FillerParameter().sparse == -1
    assert caffe_pb2.NetState().phase == caffe_pb2.TEST == 1
    assert solver.type == "SGD"
    assert solver.clip_gradients == -1
    assert solver.random_seed == -1
    assert solver.snapshot_format == caffe_pb2.SolverParameter.BINARYPROTO
    assert solver.solver_mode == caffe_pb2.SolverParameter.GPU
    assert solver.regularization_type == "L2"
    assert caffe_pb2.V0LayerParameter().det_crop_mode == "warp"


BEYOND = {  # options that stock Caffe does not have, by number; SSD's and YOLO's, then ours
    "upsample_param": 149,
    "permute_param": 202,
    "norm_param": 206,
    "gelu_param": 1000,
    "interp_param": 1001,
    "layer_norm_param": 1002,
}


def test_options_beyond_stock_caffe_take_no_number_of_its_own():
    numbers = {field.name: field.number for field in caffe_pb2.LayerParameter.DESCRIPTOR.fields}
    assert max(number for name, number in numbers.items() if name not in BEYOND) == 148
    assert {name: numbers[name] for name in BEYOND} == BEYOND


def test_stock_caffe_reads_past_options_beyond_it():
    """Its LayerParameter has no such fields, so protobuf keeps them as they are."""
    file = descriptor_pb2.FileDescriptorProto.FromString(caffe_pb2.DESCRIPTOR.serialized_pb)
    file.name, file.package = "stock.proto", "stock"
    (layer,) = [message for message in file.message_type if message.name == "LayerParameter"]
    kept = [field for field in layer.field if field.name not in BEYOND]
    del layer.field[:]
    layer.field.extend(kept)
    for field in (field for message in file.message_type for field in message.field if field.type_name):
        field.type_name = field.type_name.replace(".cafe_edu.", ".stock.")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    stock = message_factory.GetMessageClass(pool.FindMessageTypeByName("stock.LayerParameter"))
    for spec in (
        caffe_pb2.LayerParameter(name="p", type="Permute", permute_param={"order": [0, 2, 1]}),
        caffe_pb2.LayerParameter(name="g", type="GELU", gelu_param={"approximate": True}),
        caffe_pb2.LayerParameter(name="c", type="Convolution", convolution_param={"num_output": 3}),
    ):
        read = stock.FromString(spec.SerializeToString())
        assert (read.name, read.type) == (spec.name, spec.type)
        assert read.SerializeToString() == spec.SerializeToString()


# ---- files that real Caffe wrote ----


def no_unknown_fields(message, path):
    """Fail if the bytes of a message, or of one inside it, hold a field that caffe.proto does not name."""
    unknown_fields = pytest.importorskip("google.protobuf.unknown_fields")
    assert len(unknown_fields.UnknownFieldSet(message)) == 0, path
    for field, value in message.ListFields():
        if field.message_type:
            for inner in [value] if hasattr(value, "ListFields") else value:
                no_unknown_fields(inner, f"{path}.{field.name}")


KINDS = {
    ".caffemodel": caffe_pb2.NetParameter,
    ".solverstate": caffe_pb2.SolverState,
    ".binaryproto": caffe_pb2.BlobProto,
}


def test_every_field_of_real_binary_files_is_known(shared, data_folder):
    folders = {shared / "oracle", data_folder}
    files = [path for ending in KINDS for folder in folders for path in folder.rglob(f"*{ending}")]
    assert len(files) > 15
    for path in files:
        message = KINDS[path.suffix].FromString(path.read_bytes())
        if path.parent.name != "mtcnn":  # a changed Caffe wrote these, with fields of its own
            no_unknown_fields(message, path)
        assert message.IsInitialized()
        if path.is_relative_to(shared / "oracle"):
            assert message.SerializeToString() == path.read_bytes()


def test_every_field_of_real_records_is_known(shared):
    oracle = shared / "oracle"
    for path in [oracle / "dataio" / "first_datum.bin", *(oracle / "pycaffe").glob("datum_*.bin")]:
        datum = caffe_pb2.Datum.FromString(path.read_bytes())
        no_unknown_fields(datum, path)
        assert datum.SerializeToString() == path.read_bytes()
        assert datum.channels * datum.height * datum.width == len(datum.data) + len(datum.float_data)
