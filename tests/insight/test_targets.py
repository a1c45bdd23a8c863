"""Which number is meant, and what is said when there is none."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu import insight as why
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight.targets import find_target, layer_position, scores_position


def test_a_class_is_the_score_before_the_softmax(spot):
    net, _ = spot
    assert net.layers[scores_position(net)].name == "ip"
    found = find_target(net, 1)
    assert (net.layers[found.position].name, found.channel, found.place, found.is_class) == ("ip", 1, None, True)


def test_scores_are_found_behind_a_split_and_before_a_loss():
    net = Net("""
    layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 1 dim: 4 } shape { dim: 1 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "s" inner_product_param { num_output: 3 } }
    layer { name: "acc" type: "Accuracy" bottom: "s" bottom: "t" top: "acc" }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "s" bottom: "t" top: "loss" }
    """)
    assert net.layers[scores_position(net)].name == "ip"


def test_the_last_softmax_counts():
    net = Net("""
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    layer { name: "side" type: "InnerProduct" bottom: "x" top: "s1" inner_product_param { num_output: 3 } }
    layer { name: "p1" type: "Softmax" bottom: "s1" top: "p1" }
    layer { name: "main" type: "InnerProduct" bottom: "x" top: "s2" inner_product_param { num_output: 3 } }
    layer { name: "p2" type: "Softmax" bottom: "s2" top: "p2" }
    """)
    assert net.layers[scores_position(net)].name == "main"


def test_a_net_that_ends_with_scores():
    spec = """
    name: "bare"
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 4 dim: 4 } } }
    layer { name: "conv" type: "Convolution" bottom: "x" top: "y" convolution_param { num_output: 3 kernel_size: %d } }
    """
    net = Net(spec % 4)
    assert net.layers[scores_position(net)].name == "conv"
    with pytest.raises(NetError) as error:
        scores_position(Net(spec % 3))
    assert error.value.one_line() == (
        "net 'bare' has no Softmax or SoftmaxWithLoss and no single output of class scores; "
        "name a unit, as in ('layer', 3); it has x, conv"
    )


def test_a_layer_by_its_name_or_its_blob(mixed):
    net, _ = mixed
    names = [layer.name for layer in net.layers]
    assert names[layer_position(net, "conv")] == "conv"  # as the layer, not as the blob is left by the ReLU
    net = Net("""
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    layer { name: "a" type: "Power" bottom: "x" top: "y" }
    layer { name: "b" type: "ReLU" bottom: "y" top: "y" }
    """)
    assert net.layers[layer_position(net, "y")].name == "b"


@pytest.mark.parametrize(
    ("target", "error", "text"),
    [
        (2, NetError, "expected a class from 0 to 1 (the channels of 'ip'), found 2"),
        (-1, NetError, "expected a class from 0 to 1 (the channels of 'ip'), found -1"),
        (("con", 0), NetError, "net 'spot' has no layer 'con'; it has x, conv, relu, pool, ip, prob"),
        (("conv", 2), ShapeError, "expected a unit from 0 to 1 of layer 'conv' (2, 2, 12, 12), found 2"),
        (("conv", 0, 12, 0), ShapeError,
         "expected a row and a column within layer 'conv' (2, 2, 12, 12), found (12, 0)"),
        (("ip", 0, 0, 0), ShapeError, "expected a row and a column within layer 'ip' (2, 2), found (0, 0)"),
        ("conv", NetError,
         "expected a target such as 3 (a class), ('conv1', 5) (a channel) or ('conv1', 5, 0, 2) (at row 0, column 2), "
         "found 'conv'"),
    ],
)  # fmt: skip
def test_targets_that_are_not(spot, target, error, text):
    net, image = spot
    for method in (why.saliency, why.occlusion, why.guided_backprop, why.grad_cam):
        with pytest.raises(error) as found:
            method(net, image, target)
        assert found.value.one_line() == text


def test_only_first_tops():
    net = Net("""
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
    layer { name: "cut" type: "Slice" bottom: "x" top: "a" top: "b" }
    """)
    assert why.saliency(net, [1, 2, 3, 4], ("a", 1)).tolist() == [0, 1, 0, 0]
    with pytest.raises(NetError) as error:
        why.saliency(net, [1, 2, 3, 4], ("b", 1))
    assert error.value.one_line() == "only the first top of a layer can be asked for; 'b' is top 1 of 'cut'"


def test_an_image_of_another_shape(spot):
    net, _ = spot
    for method in (why.saliency, why.integrated_gradients, why.occlusion, why.grad_cam):
        with pytest.raises(ShapeError) as found:
            method(net, np.zeros((1, 11, 12)), 0)
        assert found.value.one_line() == "expected one image of shape (1, 12, 12) for 'x', found (1, 11, 12)"
    assert why.saliency(net, np.zeros((1, 1, 12, 12)), 0).shape == (12, 12)  # a batch of one will do
