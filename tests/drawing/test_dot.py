import re

import pytest

from cafe_edu.drawing.dot import net_to_dot
from cafe_edu.outline import read_spec

NET = """
name: "the \\"net\\""
layer { name: "d" type: "Data" top: "x" top: "label" include { phase: TRAIN } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 20 kernel_h: 5 kernel_w: 3 pad: 1 pad: 2 } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "pool{1}" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "p" top: "y" inner_product_param { num_output: 7 } }
layer { name: "tanh" type: "TanH" bottom: "y" top: "z" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "z" bottom: "label" top: "loss" include { phase: TRAIN } }
"""


@pytest.fixture
def spec():
    return read_spec(NET)


def node(text, name):
    """What stands in the brackets of a node."""
    return re.search(rf'^  "{re.escape(name)}" \[(.*)\];$', text, re.MULTILINE)[1]


def test_nodes_and_arrows(spec):
    text = net_to_dot(spec)
    assert text.startswith('digraph "the \\"net\\"" {\n  rankdir=LR;\n')
    assert text.endswith("}\n")
    for line in ('"x_blob" -> "conv_Convolution";', '"conv_Convolution" -> "c_blob" [label=20];',
                 '"c_blob" -> "relu_ReLU";', '"relu_ReLU" -> "c_blob";', '"ip_InnerProduct" -> "y_blob" [label=7];',
                 '"label_blob" -> "loss_SoftmaxWithLoss";'):  # fmt: skip
        assert f"  {line}\n" in text


def test_shapes_and_colours(spec):
    text = net_to_dot(spec)
    for name, shape, colour in (
        ("x_blob", "octagon", "#E0E0E0"),
        ("conv_Convolution", "record", "#FF5050"),
        ("pool{1}_Pooling", "record", "#FF9900"),
        ("ip_InnerProduct", "record", "#CC33FF"),
        ("relu_ReLU", "record", "#90EE90"),  # in place: green
        ("tanh_TanH", "record", "#6495ED"),  # not in place
        ("loss_SoftmaxWithLoss", "record", "#6495ED"),
    ):
        assert f'shape={shape}, style=filled, fillcolor="{colour}"' in node(text, name)


def test_settings_stand_in_the_label(spec):
    text = net_to_dot(spec)
    label = 'label="conv\\n(Convolution)\\nkernel size: 5x3\\nstride: 1\\npad: 1x2"'
    assert node(text, "conv_Convolution").startswith(label)
    assert "AVE, kernel size: 3\\nstride: 2\\npad: 0" in node(text, "pool{1}_Pooling")
    assert "lr_mult" not in text


def test_wide_labels_where_the_graph_is_tall(spec):
    assert 'label="ip (InnerProduct)"' in node(net_to_dot(spec, rankdir="TB"), "ip_InnerProduct")
    assert "rankdir=TB;" in net_to_dot(spec, rankdir="TB")


def test_learning_rates(spec):
    assert "lr_mult: 1, 2" in node(net_to_dot(spec, display_lrm=True), "conv_Convolution")


def test_the_signs_of_records_are_escaped(spec):
    assert node(net_to_dot(spec), "pool{1}_Pooling").startswith('label="pool\\{1\\}\\n(Pooling)')


def test_one_phase(spec):
    assert '"loss_SoftmaxWithLoss"' in net_to_dot(spec, "TRAIN")
    assert '"loss_SoftmaxWithLoss"' not in net_to_dot(spec, "TEST")
