"""solvers/adamw.py: Adam's step by the bare gradient, and beside it a decay that the gradient does not touch."""

import math

import numpy as np
import pytest

from cafe_edu import Solver

NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 dim: 2 }
  data_filler { type: "constant" value: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1 param { lr_mult: 0.5 decay_mult: 2 }
  inner_product_param { num_output: 1 bias_term: false weight_filler { type: "constant" value: 0.8 } } }
"""
SOLVER = """
net_param { %s }
type: "AdamW" base_lr: 0.125 lr_policy: "fixed" momentum: 0.9 momentum2: 0.99 weight_decay: 0.25 delta: 1e-3 %s
"""


def weights(more="", steps=4):
    solver = Solver(SOLVER % (NET, more))
    found = []
    for _ in range(steps):
        solver.step(1)
        assert np.ptp(solver.net.params["ip"][0].data) == 0
        found.append(solver.net.params["ip"][0].data[0, 0])
    return solver, found


def by_formula(decay, steps=4):
    w, m, v, rate, found = 0.8, 0.0, 0.0, 0.125 * 0.5, []
    for t in range(1, steps + 1):
        g = 3.0  # whatever w is
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        u = rate * math.sqrt(1 - 0.99**t) / (1 - 0.9**t) * m / (math.sqrt(v) + 1e-3)
        w = w - u - rate * decay(w)
        found.append(w)
    return found


def test_weights_by_formula():
    assert weights()[1] == pytest.approx(by_formula(lambda w: 0.5 * w), rel=1e-5)


def test_with_l1_every_weight_loses_the_same():
    found = weights("regularization_type: 'L1'")[1]
    assert found == pytest.approx(by_formula(lambda w: 0.5 * np.sign(w)), rel=1e-5)


def test_without_decay_it_is_adam():
    assert weights_of("AdamW") == weights_of("Adam")


def weights_of(kind):
    solver = Solver((SOLVER % (NET, "")).replace('"AdamW"', f'"{kind}"').replace("weight_decay: 0.25", ""))
    solver.step(3)
    return solver.net.params["ip"][0].data.tolist()


def test_the_decay_does_not_enter_the_history():
    decayed, plain = weights()[0], Solver((SOLVER % (NET, "")).replace("weight_decay: 0.25", ""))
    plain.step(4)
    assert len(decayed.history) == 2
    for mine, bare in zip(decayed.history, plain.history, strict=True):
        np.testing.assert_array_equal(mine[0], bare[0])
