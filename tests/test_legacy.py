"""Old files made new, as Caffe's own upgrade tools make them."""

import pytest

from cafe_edu import Net, Solver, prototxt
from cafe_edu.errors import SpecError
from cafe_edu.legacy import upgrade_net, upgrade_solver
from cafe_edu.proto import caffe_pb2


@pytest.mark.parametrize("name", ["batchnorm_old", "input_fields", "v0", "v0_data", "v1"])
def test_nets_as_caffe_upgrades_them(shared, name):
    folder = shared / "oracle" / "nets" / "upgrade"
    found = upgrade_net(prototxt.read_net(folder / f"{name}.prototxt"))
    assert found == prototxt.read_net(folder / f"{name}.upgraded.prototxt")


def test_solver_as_caffe_upgrades_it(shared):
    folder = shared / "oracle" / "nets" / "upgrade"
    found = upgrade_solver(prototxt.read_solver(folder / "solver_old.prototxt"))
    assert found == prototxt.read_solver(folder / "solver_old.upgraded.prototxt")


def test_what_is_new_stays_as_it_is():
    net = prototxt.parse_net('layer { name: "a" type: "ReLU" bottom: "x" top: "y" }')
    assert upgrade_net(net) == net
    old = prototxt.parse_net('input: "x" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4')
    upgrade_net(old)
    assert list(old.input) == ["x"]


#: what V1's 39 types are called today, in the order of their names there
TODAY = (
    "AbsVal Accuracy ArgMax BNLL Concat ContrastiveLoss Convolution Data Deconvolution Dropout DummyData Eltwise "
    "EuclideanLoss Exp Flatten HDF5Data HDF5Output HingeLoss Im2col ImageData InfogainLoss InnerProduct LRN "
    "MemoryData MultinomialLogisticLoss MVN Pooling Power ReLU Sigmoid SigmoidCrossEntropyLoss Silence Slice "
    "Softmax SoftmaxWithLoss Split TanH Threshold WindowData"
)


def test_every_v1_type_has_its_name_of_today():
    names = sorted({*caffe_pb2.V1LayerParameter.LayerType.DESCRIPTOR.values_by_name} - {"NONE"})
    old = caffe_pb2.NetParameter()
    for name in names:
        old.layers.add(type=name)
    assert " ".join(layer.type for layer in upgrade_net(old).layer) == TODAY


def test_every_old_net_of_the_zoo(data_folder):
    seen = 0
    for path in sorted((data_folder / "prototxt_zoo").rglob("*.prototxt")):
        try:
            net = prototxt.read_net(path)
        except SpecError:
            continue  # a solver, or not stock
        if net.layers or net.input:
            new = upgrade_net(net)
            assert not new.layers
            assert not new.input
            assert [layer.name for layer in new.layer if layer.type == ""] == []
            seen += 1
    assert seen > 50


def test_a_net_takes_old_files():
    net = Net(
        """
        input: "x" input_dim: 2 input_dim: 3 input_dim: 4 input_dim: 4
        layers { layer { name: "pad" type: "padding" pad: 1 } bottom: "x" top: "p" }
        layers { layer { name: "conv" type: "conv" num_output: 5 kernelsize: 3 blobs_lr: 1 blobs_lr: 2 }
          bottom: "p" top: "y" }
        """
    )
    assert net.blobs["y"].shape == (2, 5, 4, 4)
    assert [param.lr_mult for param in net.learnable] == [1, 2]


def test_a_solver_takes_old_files_and_old_inline_nets():
    solver = Solver(
        """
        base_lr: 0.1 lr_policy: "fixed" solver_type: SGD
        net_param { input: "x" input_dim: 2 input_dim: 3 input_dim: 1 input_dim: 1
          layers { name: "ip" type: INNER_PRODUCT bottom: "x" top: "y" inner_product_param { num_output: 2 } } }
        """
    )
    assert solver.spec.type == "SGD"
    assert [layer.type for layer in solver.net.layers] == ["Input", "InnerProduct"]


@pytest.mark.parametrize("name", ["DepthwiseConvolution", "ConvolutionDepthwise"])
@pytest.mark.parametrize("group", ["", "group: 3"])
def test_depthwise_convolutions_of_other_caffes(name, group):
    text = """
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 5 dim: 5 } } }
    layer { name: "dw" type: "%s" bottom: "x" top: "y" convolution_param { num_output: 3 kernel_size: 3 %s } }
    """
    new = upgrade_net(prototxt.parse_net(text % (name, group)))
    assert new == upgrade_net(prototxt.parse_net(text % ("Convolution", "group: 3")))
    net = Net(prototxt.parse_net(text % (name, group)))
    assert [blob.data.shape for blob in net.params["dw"]] == [(3, 1, 3, 3), (3,)]


def upgraded(text):
    return upgrade_net(prototxt.parse_net(text))


#: V0's types and fields, by hand: what stands in `layer { ... }`, and what a layer of today says instead
V0 = {
    "accuracy": ("", "Accuracy", ""),
    "bnll": ("", "BNLL", ""),
    "concat": ("concat_dim: 2", "Concat", "concat_param { concat_dim: 2 }"),
    "conv": (
        'num_output: 3 biasterm: false weight_filler { type: "xavier" } bias_filler { value: 1 } pad: 1 kernelsize: 5 '
        "group: 2 stride: 3 blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0",
        "Convolution",
        'convolution_param { num_output: 3 bias_term: false weight_filler { type: "xavier" } bias_filler { value: 1 } '
        "pad: 1 kernel_size: 5 group: 2 stride: 3 } "
        "param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }",
    ),
    "dropout": ("dropout_ratio: 0.25", "Dropout", "dropout_param { dropout_ratio: 0.25 }"),
    "euclidean_loss": ("", "EuclideanLoss", ""),
    "flatten": ("", "Flatten", ""),
    "hdf5_data": ('source: "s" batchsize: 4', "HDF5Data", 'hdf5_data_param { source: "s" batch_size: 4 }'),
    "hdf5_output": (
        'hdf5_output_param { file_name: "f" }', "HDF5Output", 'hdf5_output_param { file_name: "f" }',
    ),
    "im2col": ("", "Im2col", ""),
    "infogain_loss": ('source: "s"', "InfogainLoss", 'infogain_loss_param { source: "s" }'),
    "innerproduct": (
        'num_output: 3 biasterm: false weight_filler { type: "xavier" } bias_filler { value: 1 }',
        "InnerProduct",
        'inner_product_param { num_output: 3 bias_term: false weight_filler { type: "xavier" } '
        "bias_filler { value: 1 } }",
    ),
    "lrn": (
        "local_size: 3 alpha: 2 beta: 0.5 k: 4", "LRN", "lrn_param { local_size: 3 alpha: 2 beta: 0.5 k: 4 }",
    ),
    "multinomial_logistic_loss": ("", "MultinomialLogisticLoss", ""),
    "pool": (
        "pool: AVE pad: 1 kernelsize: 3 stride: 2",
        "Pooling",
        "pooling_param { pool: AVE pad: 1 kernel_size: 3 stride: 2 }",
    ),
    "relu": ("", "ReLU", ""),
    "sigmoid": ("", "Sigmoid", ""),
    "softmax": ("", "Softmax", ""),
    "softmax_loss": ("", "SoftmaxWithLoss", ""),
    "split": ("", "Split", ""),
    "tanh": ("", "TanH", ""),
    "data": (
        'source: "s" batchsize: 4 rand_skip: 5 scale: 0.5 meanfile: "m" cropsize: 6 mirror: true',
        "Data",
        'data_param { source: "s" batch_size: 4 rand_skip: 5 } '
        'transform_param { scale: 0.5 mean_file: "m" crop_size: 6 mirror: true }',
    ),
    "images": (
        'source: "s" batchsize: 4 rand_skip: 5 shuffle_images: true new_height: 7 new_width: 8 scale: 0.5 cropsize: 6',
        "ImageData",
        'image_data_param { source: "s" batch_size: 4 rand_skip: 5 shuffle: true new_height: 7 new_width: 8 } '
        "transform_param { scale: 0.5 crop_size: 6 }",
    ),
    "window_data": (
        'source: "s" batchsize: 4 det_fg_threshold: 0.75 det_bg_threshold: 0.25 det_fg_fraction: 0.5 '
        'det_context_pad: 9 det_crop_mode: "square" mirror: true',
        "WindowData",
        'window_data_param { source: "s" batch_size: 4 fg_threshold: 0.75 bg_threshold: 0.25 fg_fraction: 0.5 '
        'context_pad: 9 crop_mode: "square" } transform_param { mirror: true }',
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", V0)
def test_v0_by_hand(kind, caplog):
    fields, today, says = V0[kind]
    found = upgraded(f'layers {{ layer {{ name: "l" type: "{kind}" {fields} }} bottom: "x" top: "y" }}')
    assert found == prototxt.parse_net(f'layer {{ name: "l" type: "{today}" bottom: "x" top: "y" {says} }}')
    assert caplog.messages == []


@pytest.mark.parametrize("reader", ["conv", "pool"])
def test_v0s_padding_vanishes_into_its_reader(reader):
    found = upgraded(
        'layers { layer { name: "p" type: "padding" pad: 2 } bottom: "x" top: "padded" } '
        f'layers {{ layer {{ name: "l" type: "{reader}" kernelsize: 5 }} bottom: "padded" top: "y" }}'
    )
    (layer,) = found.layer
    assert list(layer.bottom) == ["x"]
    assert (list(layer.convolution_param.pad) if reader == "conv" else [layer.pooling_param.pad]) == [2]


@pytest.mark.parametrize("kind", ["DATA data_param", "IMAGE_DATA image_data_param", "WINDOW_DATA window_data_param"])
def test_transformations_of_v1_move(kind):
    enum, field = kind.split()
    old = '{ source: "s" scale: 0.5 mean_file: "m" crop_size: 6 mirror: true }'
    (layer,) = upgraded(f'layers {{ name: "d" type: {enum} top: "x" {field} {old} }}').layer
    assert layer.transform_param == caffe_pb2.TransformationParameter(
        scale=0.5, mean_file="m", crop_size=6, mirror=True
    )
    options = getattr(layer, field)
    assert options.source == "s"
    assert not any(options.HasField(name) for name in ("scale", "mean_file", "crop_size", "mirror"))


def test_the_same_old_fields_in_a_layer_of_today_stay():
    text = 'layer { name: "d" type: "Data" top: "x" data_param { source: "s" scale: 0.5 } }'
    assert upgraded(text) == prototxt.parse_net(text)


def test_v1_by_hand():
    found = upgraded(
        'layers { name: "l" type: INNER_PRODUCT bottom: "x" top: "y" param: "w" param: "b" blob_share_mode: PERMISSIVE '
        'blobs_lr: 3 blobs_lr: 4 weight_decay: 5 loss_weight: 6 include { phase: TEST } exclude { stage: "s" } '
        "inner_product_param { num_output: 7 } }"
    )
    assert found == prototxt.parse_net(
        'layer { name: "l" type: "InnerProduct" bottom: "x" top: "y" '
        'param { name: "w" share_mode: PERMISSIVE lr_mult: 3 decay_mult: 5 } param { name: "b" lr_mult: 4 } '
        'loss_weight: 6 include { phase: TEST } exclude { stage: "s" } inner_product_param { num_output: 7 } }'
    )


@pytest.mark.parametrize(
    ("shapes", "layer"),
    [
        (
            "input_shape { dim: 1 dim: 2 } input_shape { dim: 3 }",
            'layer { name: "input" type: "Input" top: "a" top: "b" '
            "input_param { shape { dim: 1 dim: 2 } shape { dim: 3 } } } ",
        ),
        (
            " ".join(f"input_dim: {n}" for n in range(1, 9)),
            'layer { name: "input" type: "Input" top: "a" top: "b" input_param '
            "{ shape { dim: 1 dim: 2 dim: 3 dim: 4 } shape { dim: 5 dim: 6 dim: 7 dim: 8 } } } ",
        ),
        ("", ""),  # as in old weights: dropped
    ],
)
def test_input_fields_become_the_first_layer(shapes, layer):
    rest = 'layer { name: "l" type: "ReLU" bottom: "a" top: "y" }'
    assert upgraded(f'input: "a" input: "b" {shapes} {rest}') == prototxt.parse_net(layer + rest)


def test_the_three_params_of_an_old_batch_norm_do_not_learn():
    old = 'layer { name: "l" type: "BatchNorm" bottom: "x" top: "y" '
    named = 'param { name: "m" lr_mult: 1 } param { lr_mult: 2 decay_mult: 3 } param { } }'
    still = 'param { name: "m" lr_mult: 0 decay_mult: 0 } ' + "param { lr_mult: 0 decay_mult: 0 } " * 2 + "}"
    assert upgraded(old + named) == prototxt.parse_net(old + still)
    two = old + "param { lr_mult: 1 } param { lr_mult: 2 } }"
    assert upgraded(two) == prototxt.parse_net(two)


@pytest.mark.parametrize("field", ["net_param", "train_net_param", "test_net_param"])
def test_nets_inline_in_a_solver_are_made_new_too(field):
    """Caffe forgets them, and then trains nothing."""
    found = upgrade_solver(
        prototxt.parse_solver(f'{field} {{ layers {{ name: "l" type: RELU bottom: "x" top: "y" }} }}')
    )
    nets = [*found.test_net_param] if field == "test_net_param" else [getattr(found, field)]
    assert nets == [prototxt.parse_net('layer { name: "l" type: "ReLU" bottom: "x" top: "y" }')]


@pytest.mark.parametrize(
    ("old", "today"),
    [("SGD", "SGD"), ("NESTEROV", "Nesterov"), ("ADAGRAD", "AdaGrad"), ("RMSPROP", "RMSProp"),
     ("ADADELTA", "AdaDelta"), ("ADAM", "Adam")],
)  # fmt: skip
def test_every_solver_type_of_old(old, today):
    assert upgrade_solver(prototxt.parse_solver(f"solver_type: {old}")) == prototxt.parse_solver(f'type: "{today}"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'layers { name: "a" type: RELU } layer { name: "b" type: "ReLU" }',
            "this net has both `layers` (of 2014) and `layer` (today); write all of them as `layer`",
        ),
        (
            'layers { layer { name: "p" type: "padding" pad: 1 } bottom: "x" top: "q" } '
            'layers { layer { name: "r" type: "relu" } bottom: "q" top: "y" }',
            "layer 'r' reads the padding 'q'; only conv and pool can pad",
        ),
        ('layers { layer { name: "r" type: "rely" } }', "layer 'r': V0 has no type 'rely'"),
        (
            'input: "a" input: "b" input_dim: 1 input_dim: 1 input_dim: 1 input_dim: 1',
            "expected a shape for each of 2 inputs (input_shape, or four input_dim), found 1",
        ),
    ],
)
def test_errors(text, message):
    with pytest.raises(SpecError) as caught:
        upgrade_net(prototxt.parse_net(text))
    assert str(caught.value) == message


def test_a_solver_of_two_generations():
    with pytest.raises(SpecError, match=r"both `solver_type` \(old\) and `type`; keep `type`"):
        upgrade_solver(prototxt.parse_solver('solver_type: ADAM\ntype: "Adam"'))


def test_a_field_that_means_nothing_is_left_out_and_said(caplog):
    net = prototxt.parse_net('layers { layer { name: "r" type: "relu" num_output: 3 } bottom: "x" top: "y" }')
    (layer,) = upgrade_net(net).layer
    assert layer == caffe_pb2.LayerParameter(name="r", type="ReLU", bottom=["x"], top=["y"])
    assert caplog.messages == ["layer 'r' (relu): `num_output` means nothing there and is left out"]
