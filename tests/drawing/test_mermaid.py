import html
import re

import pytest

from cafe_edu.drawing.mermaid import mermaid
from cafe_edu.errors import SpecError

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "l/1x1" type: "Convolution" bottom: "x" top: "l" convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: "relu" type: "ReLU" bottom: "l" top: "l" }
layer { name: "end" type: "Convolution" bottom: "x" top: "r" convolution_param { num_output: 5 kernel_size: 1 } }
layer { name: "both" type: "Concat" bottom: "l" bottom: "r" top: "both" }
"""
NODE = re.compile(r'  (n\d+)\["([^"`]*)"\]:::([a-z]+)')
ARROW = re.compile(r"  (n\d+) --> (n\d+)")
STYLE = re.compile(r"  classDef ([a-z]+) \S+")


def read(text):
    """What a reader of the language makes of it: direction, lines of each node, arrows between first lines."""
    head, *lines = text.splitlines()
    nodes, arrows, styles = {}, [], set()
    for line in lines:
        if found := NODE.fullmatch(line):
            assert found[1] not in nodes
            nodes[found[1]] = [html.unescape(part) for part in found[2].split("<br/>")], found[3]
        elif found := ARROW.fullmatch(line):
            arrows.append((nodes[found[1]][0][0], nodes[found[2]][0][0]))
        else:
            styles.add(STYLE.fullmatch(line)[1])
    assert {style for _, style in nodes.values()} == styles
    return head, {text[0]: text[1:] for text, _ in nodes.values()}, arrows


def test_nodes_shapes_and_arrows():
    head, nodes, arrows = read(mermaid(NET, rankdir="LR"))
    assert head == "flowchart LR"
    assert list(nodes) == ["x", "l/1x1", "end", "both"]
    assert nodes["x"] == ["Input", "2 x 3 x 8 x 8"]
    assert nodes["l/1x1"][-1] == "relu (ReLU)"
    assert nodes["both"] == ["Concat", "2 x 9 x 8 x 8"]
    assert arrows == [("x", "l/1x1"), ("x", "end"), ("l/1x1", "both"), ("end", "both")]


@pytest.mark.parametrize("name", ['a \\"b\\"', "<b>", "x # y; z", "](){}", "&amp;", "`**a**`", "名"])
def test_any_name_is_only_a_name(name):
    _, nodes, _ = read(mermaid(NET.replace("both", name)))
    assert name.replace("\\", "") in nodes


def test_a_layer_that_fails_is_marked():
    text = mermaid(NET.replace('"Concat"', '"Eltwise"'))
    _, nodes, _ = read(text)
    said = "error: expected bottoms of one shape, found (2, 4, 8, 8) and, as bottom 1, (2, 5, 8, 8)"
    assert " ".join(nodes["both"]).endswith(said)
    assert text.count(":::failed") == 1


def test_no_layers():
    with pytest.raises(SpecError, match="net 'void' has no layers to draw"):
        mermaid('name: "void"\n')


def test_squeezenet(data_folder):
    _, nodes, arrows = read(mermaid(data_folder / "squeezenet_v1.0_deepcomp" / "SqueezeNet_deploy.prototxt"))
    assert nodes["fire2/concat"] == ["Concat", "1 x 128 x 55 x 55"]
    assert ("fire2/conv1x1_2", "fire2/concat") in arrows
