import sys

import pytest

import cafe_edu.pycaffe as caffe
from cafe_edu import prototxt
from cafe_edu.errors import CafeError
from cafe_edu.pycaffe import draw

NET = prototxt.parse_net("""
name: "a \\"net\\""
layer { name: "data" type: "Data" top: "data" data_param { batch_size: 64 } include { phase: TRAIN } }
layer { name: "in" type: "Input" top: "data" include { phase: TEST } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 20 kernel_size: 5 stride: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 3 pad: 1 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { num_output: 10 } }
layer { name: "wide" type: "Convolution" bottom: "ip" top: "w" convolution_param { kernel_h: 1 kernel_w: 3 } }
""")
LAYERS = {layer.name: layer for layer in NET.layer}


@pytest.mark.parametrize(
    ("name", "rankdir", "label"),
    [
        ("relu", "LR", r"relu\n(ReLU)"),
        ("conv", "TB", "conv (Convolution) kernel size: 5 stride: 2 pad: 0"),
        ("wide", "BT", "wide (Convolution) kernel size: 1x3 stride: 1 pad: 0"),
        ("pool", "LR", r"pool\n(AVE Pooling)\nkernel size: 3\nstride: 1\npad: 1"),
    ],
)
def test_layer_labels(name, rankdir, label):
    assert draw.get_layer_label(LAYERS[name], rankdir) == label


def test_rates():
    assert draw.get_layer_label(LAYERS["conv"], "TB", display_lrm=True).endswith("pad: 0 lr mult: 1/2")
    assert draw.get_layer_lr_mult(LAYERS["relu"]) == ""


def test_edge_labels_and_colours():
    labels = {name: draw.get_edge_label(layer) for name, layer in LAYERS.items()}
    assert labels == {"data": "Batch 64", "in": "", "conv": "20", "relu": "", "pool": "", "ip": "10", "wide": "0"}
    types = ("Convolution", "Pooling", "InnerProduct", "LRN")
    assert len({draw.choose_color_by_layertype(name) for name in types}) == 4
    assert draw.get_pooling_types_dict()[1] == "AVE"


def test_nodes_and_edges():
    nodes, edges = draw.nodes_and_edges(NET, "LR", phase=caffe.TEST)
    assert "data_Data" not in nodes
    assert nodes["relu_ReLU"]["fillcolor"] == "#90EE90"
    assert nodes["conv_blob"]["shape"] == "octagon"
    assert ("conv_blob", "relu_ReLU", "") in edges
    assert ("relu_ReLU", "conv_blob", "") in edges
    assert ("ip_InnerProduct", "ip_blob", "10") in edges
    assert ("ip_InnerProduct", "ip_blob", "") in draw.nodes_and_edges(NET, "LR", label_edges=False)[1]
    assert "data_Data" in draw.nodes_and_edges(NET, "LR")[0]


def test_without_pydot(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydot", None)  # as Python marks what must not be found
    with pytest.raises(CafeError, match="needs the package pydot and the program Graphviz, and pydot is not installed"):
        draw.get_pydot_graph(NET, "LR")


def test_a_graph_in_a_file(tmp_path):
    pytest.importorskip("pydot", reason="pydot is not installed")
    draw.draw_net_to_file(NET, str(tmp_path / "net.dot"), "TB", phase=caffe.TRAIN)
    text = (tmp_path / "net.dot").read_text(encoding="utf-8")
    assert "rankdir=TB" in text
    assert '"conv_blob" -> "pool_Pooling"' in text
    assert 'label="conv (Convolution) kernel size: 5 stride: 2 pad: 0"' in text


def test_without_graphviz(tmp_path, monkeypatch):
    pytest.importorskip("pydot", reason="pydot is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CafeError, match=r"drawing needs the program Graphviz \(its `dot`\), which was not found"):
        draw.draw_net(NET, "LR")
