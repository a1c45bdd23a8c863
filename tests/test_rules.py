"""rules.py: which layers are in."""

import pytest

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2
from cafe_edu.prototxt import parse_net
from cafe_edu.rules import filter_layers, holds


def kept(rules, **state):
    """Say whether a layer with these rules is in a net of this state."""
    net = parse_net(f'name: "n" layer {{ name: "a" type: "ReLU" {rules} }} layer {{ name: "b" type: "ReLU" }}')
    return [layer.name for layer in filter_layers(net, **{"phase": "TRAIN", **state}).layer] == ["a", "b"]


def test_a_layer_without_rules_is_in():
    assert kept("")


@pytest.mark.parametrize(
    ("rules", "state", "inside"),
    [
        ("include { phase: TRAIN }", {}, True),
        ("include { phase: TEST }", {}, False),
        ("include { phase: TEST }", {"phase": "TEST"}, True),
        ("exclude { phase: TRAIN }", {}, False),
        ("exclude { phase: TEST }", {}, True),
        ("include { }", {}, True),  # a rule that asks nothing always holds
        ("exclude { }", {}, False),
        ("include { min_level: 2 }", {"level": 1}, False),
        ("include { min_level: 2 }", {"level": 2}, True),
        ("include { max_level: 2 }", {"level": 2}, True),
        ("include { max_level: 2 }", {"level": 3}, False),
        ("include { min_level: 1 max_level: 3 }", {"level": 2}, True),
        ("include { max_level: -1 }", {}, False),
        ('include { stage: "a" }', {}, False),
        ('include { stage: "a" }', {"stages": ["a", "b"]}, True),
        ('include { stage: "a" stage: "b" }', {"stages": ["a"]}, False),  # all of them
        ('include { stage: "a" stage: "b" }', {"stages": ["b", "a", "c"]}, True),
        ('include { not_stage: "a" }', {"stages": ["a"]}, False),
        ('include { not_stage: "a" }', {"stages": ["b"]}, True),
        ('include { stage: "a" not_stage: "b" }', {"stages": ["a", "b"]}, False),
        ('exclude { stage: "a" }', {"stages": ["a"]}, False),
        ("include { phase: TEST } include { min_level: 5 }", {"level": 6}, True),  # any rule is enough
        ("exclude { phase: TEST } exclude { min_level: 5 }", {"level": 6}, False),
        ("include { phase: TRAIN min_level: 5 }", {}, False),  # everything in one rule must hold
    ],
)
def test_rules(rules, state, inside):
    assert kept(rules, **state) is inside


def test_both_kinds_are_refused():
    with pytest.raises(SpecError, match="layer 'a' has both `include` and `exclude` rules; use one kind"):
        kept("include { phase: TRAIN } exclude { phase: TEST }")


def test_the_net_given_is_not_changed():
    net = parse_net('layer { name: "a" include { phase: TEST } } layer { name: "b" }')
    before = net.SerializeToString()
    filtered = filter_layers(net, "TRAIN")
    filtered.layer[0].name = "changed"
    assert net.SerializeToString() == before


def test_everything_but_the_layers_is_kept():
    filtered = filter_layers(parse_net('name: "n" force_backward: true layer { name: "a" }'), "TEST")
    assert filtered.name == "n"
    assert filtered.force_backward


def test_phase_zero_is_a_phase():
    """TRAIN is number 0: a rule that names it must not be taken for one that names none."""
    assert not holds(caffe_pb2.NetStateRule(phase=caffe_pb2.TRAIN), "TEST")
