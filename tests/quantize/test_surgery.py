from cafe_edu import prototxt
from cafe_edu.quantize.surgery import reader, swallow


def layers(text):
    return prototxt.parse_net(text).layer


def test_a_layer_in_place_counts_once():
    found = layers("""
        layer { name: "conv" bottom: "x" top: "y" } layer { name: "other" bottom: "z" top: "w" }
        layer { name: "a" bottom: "y" top: "y" } layer { name: "b" bottom: "y" top: "t" }
    """)
    assert [reader(found, i) for i in range(4)] == [2, None, 3, None]
    swallow(found, 0, 2)
    assert reader(found, 0) == 2
    swallow(found, 0, 2)
    assert [(layer.name, *layer.top) for layer in found] == [("conv", "t"), ("other", "w")]


def test_who_takes_part_in_a_loss_or_has_many_tops_is_left_alone():
    found = layers("""
        layer { name: "loss" top: "y" loss_weight: 1 } layer { name: "a" bottom: "y" top: "a" loss_weight: 1 }
        layer { name: "b" bottom: "a" top: "b" top: "c" } layer { name: "d" bottom: "b" top: "d" top: "e" }
    """)
    assert [reader(found, i) for i in range(4)] == [None, None, None, None]
    found[1].loss_weight[:] = []
    found[2].top[:] = ["b"]
    assert [reader(found, i) for i in range(3)] == [None, 2, None]
