"""solvers/rule.py: update rules by name."""

import numpy as np
import pytest

from cafe_edu import Solver, prototxt
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


NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 3 } data_filler { value: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
layer { name: "loss" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }
"""


@pytest.mark.parametrize("engine", ["plain", "fast_cpu"])
def test_one_solver_takes_a_rule_of_its_own(engine):
    class Backwards(Rule):
        def update(self, g, history, rate, t):
            g *= -rate
            return g

    spec = caffe_pb2.SolverParameter(base_lr=0.5, lr_policy="fixed", snapshot_after_train=False, random_seed=1)
    spec.net_param.CopyFrom(prototxt.parse_net(NET))
    own, house = (Solver(spec, rules=rules, engine=engine) for rules in ({"SGD": Backwards}, None))
    for solver in (own, house):
        solver.step(1)
    (w, _), (expected, _) = (solver.net.params["ip"] for solver in (own, house))
    assert np.allclose(w.data, 1.0)  # two rows of ones, each 1/2 step, up the hill
    assert np.allclose(expected.data, -1.0)
    assert rule_class("SGD") is type(house.rule)


def test_an_unknown_rule():
    with pytest.raises(SpecError) as caught:
        rule_class("Sgd")
    assert str(caught.value) == f"unknown solver type 'Sgd'; there are {', '.join(sorted(RULES))}"


def test_a_rule_must_update():
    class Empty(Rule):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty(caffe_pb2.SolverParameter())
