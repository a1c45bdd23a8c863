"""solvers/rule.py: update rules by name."""

import pytest

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2
from cafe_edu.solvers.rule import RULES, Rule, register_rule, rule_class


def test_a_rule_of_your_own(monkeypatch):
    monkeypatch.setattr("cafe_edu.solvers.rule.RULES", dict(RULES))

    @register_rule("Still")
    class Still(Rule):
        def update(self, g, history, rate, t):
            g[...] = 0
            return g

    assert rule_class("Still") is Still
    assert Still(caffe_pb2.SolverParameter()).histories == 1


def test_an_unknown_rule():
    with pytest.raises(SpecError) as caught:
        rule_class("Sgd")
    assert str(caught.value) == f"unknown solver type 'Sgd'; there are {', '.join(sorted(RULES))}"


def test_a_rule_must_update():
    class Empty(Rule):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty(caffe_pb2.SolverParameter())
