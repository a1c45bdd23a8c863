"""splits.py: one reader for each blob, under Caffe's names."""

import pytest

from cafe_edu.errors import NetError
from cafe_edu.prototxt import parse_net
from cafe_edu.splits import insert_splits


def split(text):
    """Insert splits into layers written as "name: bottoms -> tops"; return the same three of each."""
    layers = []
    for line in text.strip().splitlines():
        name, wires = line.split(":")
        reads, makes = (part.split() for part in wires.split("->"))
        bottoms, tops = (" ".join(f'{k}: "{b}"' for b in part) for k, part in (("bottom", reads), ("top", makes)))
        layers.append(f'layer {{ name: "{name.strip()}" type: "Any" {bottoms} {tops} }}')
    return [
        (layer.name, list(layer.bottom), list(layer.top)) for layer in insert_splits(parse_net("\n".join(layers))).layer
    ]


def test_one_reader_needs_no_split():
    assert split("a: -> x\nb: x -> y") == [("a", [], ["x"]), ("b", ["x"], ["y"])]


def test_two_readers_share_a_split_right_behind_the_maker():
    assert split("a: -> x z\nb: z -> y\nc: x -> u\nd: x -> v") == [
        ("a", [], ["x", "z"]),
        ("x_a_0_split", ["x"], ["x_a_0_split_0", "x_a_0_split_1"]),
        ("b", ["z"], ["y"]),
        ("c", ["x_a_0_split_0"], ["u"]),
        ("d", ["x_a_0_split_1"], ["v"]),
    ]


def test_the_name_counts_the_makers_tops():
    assert split("a: -> z x\nc: x -> u\nd: x z -> v")[1] == (
        "x_a_1_split",
        ["x"],
        ["x_a_1_split_0", "x_a_1_split_1"],
    )


def test_a_layer_that_reads_a_blob_twice_counts_twice():
    assert split("a: -> x\nb: x x -> y")[2] == ("b", ["x_a_0_split_0", "x_a_0_split_1"], ["y"])


def test_readers_of_an_in_place_layer_split_behind_it():
    assert split("a: -> x\nrelu: x -> x\nb: x -> y\nc: x -> z") == [
        ("a", [], ["x"]),
        ("relu", ["x"], ["x"]),
        ("x_relu_0_split", ["x"], ["x_relu_0_split_0", "x_relu_0_split_1"]),
        ("b", ["x_relu_0_split_0"], ["y"]),
        ("c", ["x_relu_0_split_1"], ["z"]),
    ]


def test_two_tops_with_two_readers_each():
    names = [name for name, _, _ in split("a: -> x z\nb: x z -> u\nc: x z -> v")]
    assert names == ["a", "x_a_0_split", "z_a_1_split", "b", "c"]


def test_a_loss_weight_is_a_reader_and_takes_top_0():
    net = insert_splits(
        parse_net("""
            layer { name: "a" type: "Any" top: "x" top: "z" loss_weight: 0.5 loss_weight: 2 }
            layer { name: "b" type: "Any" bottom: "x" top: "y" }
        """)
    )
    a, split, b = net.layer
    assert (split.name, list(split.top)) == ("x_a_0_split", ["x_a_0_split_0", "x_a_0_split_1"])
    assert list(split.loss_weight) == [0.5, 0]
    assert list(b.bottom) == ["x_a_0_split_1"]  # top 0 is the loss's
    assert list(a.loss_weight) == [0, 2]  # the other top keeps its own; Caffe forgets it


def test_a_loss_weight_alone_needs_no_split():
    net = parse_net('layer { name: "a" type: "Any" top: "x" loss_weight: 3 }')
    assert insert_splits(net) == net


def test_the_net_given_is_not_changed():
    net = parse_net('layer { name: "a" top: "x" } layer { name: "b" bottom: "x" bottom: "x" }')
    before = net.SerializeToString()
    insert_splits(net)
    assert net.SerializeToString() == before


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: -> conv1\nb: conv2 -> y", "did you mean 'conv1'?"),
        ("a: -> images labels\nb: q -> y", "there are images, labels"),
        ("b: q -> y", "there are none yet"),
        ("b: y -> y", "there are none yet"),  # its own top does not exist before it
    ],
)
def test_a_blob_nobody_makes(text, hint):
    with pytest.raises(NetError) as caught:
        split(text)
    name = text.splitlines()[-1].split()[1]
    assert str(caught.value) == f"layer 'b' (Any) reads blob '{name}', which no layer before it makes; {hint}"
