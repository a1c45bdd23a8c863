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


def test_every_v1_type_has_a_name_of_today():
    for value in caffe_pb2.V1LayerParameter.LayerType.values()[1:]:
        old = caffe_pb2.NetParameter()
        old.layers.add(type=value)
        name = upgrade_net(old).layer[0].type
        assert name[0].isupper()
        assert "_" not in name


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
