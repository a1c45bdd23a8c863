"""Each rule against its formula, number by number in plain Python, and what it refuses."""

import math

import numpy as np
import pytest

from cafe_edu.errors import SpecError
from cafe_edu.proto import caffe_pb2
from cafe_edu.solvers.rule import RULES, rule_class

RATE, GRADIENTS = 0.1, [0.5, -2.0, 1.0, 0.25, 3.0]
FIELDS = {
    "SGD": {"momentum": 0.9},
    "Nesterov": {"momentum": 0.9},
    "AdaGrad": {"delta": 1e-3},
    "RMSProp": {"rms_decay": 0.8, "delta": 1e-3},
    "AdaDelta": {"momentum": 0.7, "delta": 1e-2},
    "Adam": {"momentum": 0.9, "momentum2": 0.99, "delta": 1e-3},
    "AdamW": {"momentum": 0.9, "momentum2": 0.99, "delta": 1e-3},  # the decay is the solver's: test_adamw.py
}


def by_formula(name, spec):
    """Yield the update for each gradient, from the formulas of the papers as Caffe has them."""
    mu, delta, r, a, b = spec.momentum, spec.delta, spec.rms_decay, 0.0, 0.0
    for t, g in enumerate(GRADIENTS, start=1):
        if name == "SGD":
            a = mu * a + RATE * g
            yield a
        elif name == "Nesterov":
            before, a = a, mu * a + RATE * g
            yield (1 + mu) * a - mu * before
        elif name == "AdaGrad":
            a += g**2
            yield RATE * g / (math.sqrt(a) + delta)
        elif name == "RMSProp":
            a = r * a + (1 - r) * g**2
            yield RATE * g / (math.sqrt(a) + delta)
        elif name == "AdaDelta":
            a = mu * a + (1 - mu) * g**2
            v = g * math.sqrt((b + delta) / (a + delta))
            b = mu * b + (1 - mu) * v**2
            yield RATE * v
        else:
            a = mu * a + (1 - mu) * g
            b = spec.momentum2 * b + (1 - spec.momentum2) * g**2
            correction = math.sqrt(1 - spec.momentum2**t) / (1 - mu**t)
            yield RATE * correction * a / (math.sqrt(b) + delta)


@pytest.mark.parametrize("name", RULES)
def test_updates(name):
    spec = caffe_pb2.SolverParameter(type=name, **FIELDS[name])
    rule = rule_class(name)(spec)
    history = [np.zeros(3) for _ in range(rule.histories)]
    for t, (g, expected) in enumerate(zip(GRADIENTS, by_formula(name, spec), strict=True)):
        gradient = np.full(3, g)
        found = rule.update(gradient, history, RATE, t)
        np.testing.assert_allclose(found, [expected] * 3, rtol=1e-6)
        assert found is gradient  # written over it
        assert not any(np.shares_memory(found, h) for h in history)


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("AdaGrad", {"momentum": 0.9}, "AdaGrad uses no momentum: expected `momentum: 0`, found 0.9"),
        ("RMSProp", {"momentum": 0.5}, "RMSProp uses no momentum: expected `momentum: 0`, found 0.5"),
        ("RMSProp", {"rms_decay": 1}, "expected `rms_decay` in [0, 1), found 1"),
        ("Adam", {"momentum": 1}, "expected `momentum` in [0, 1), found 1"),
        ("Adam", {"momentum2": -0.1}, "expected `momentum2` in [0, 1), found -0.1"),
        ("AdamW", {"momentum": 1}, "expected `momentum` in [0, 1), found 1"),
        ("AdamW", {"momentum2": 1}, "expected `momentum2` in [0, 1), found 1"),
    ],
)
def test_what_a_rule_refuses(name, fields, message):
    with pytest.raises(SpecError) as caught:
        rule_class(name)(caffe_pb2.SolverParameter(**fields))
    assert str(caught.value) == message
