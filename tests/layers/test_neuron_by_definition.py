"""Neuron layers against their formulas, number by number."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu import make_layer

EVEN = np.linspace(-4, 4, 24).reshape(2, 3, 4)  # none at 0, or at the other kinks below
POSITIVE = EVEN + 4.2


def sigma(x):
    return 1 / (1 + math.exp(-x))


FORMULAS = [
    ("AbsVal", "", EVEN, abs),
    ("BNLL", "", EVEN, lambda x: math.log(1 + math.exp(x))),
    ("Clip", "clip_param { min: -1.5 max: 0.75 }", EVEN, lambda x: max(-1.5, min(x, 0.75))),
    ("ELU", "", EVEN, lambda x: x if x > 0 else math.exp(x) - 1),
    ("ELU", "elu_param { alpha: -0.5 }", EVEN, lambda x: x if x > 0 else -0.5 * (math.exp(x) - 1)),
    ("Exp", "", EVEN, math.exp),
    ("Exp", "exp_param { shift: -1 scale: 0.5 }", EVEN, lambda x: math.exp(0.5 * x - 1)),
    ("Exp", "exp_param { base: 0.5 scale: 3 shift: 2 }", EVEN, lambda x: 0.5 ** (3 * x + 2)),
    ("Log", "", POSITIVE, math.log),
    ("Log", "log_param { base: 10 scale: 2 shift: 1 }", POSITIVE, lambda x: math.log10(2 * x + 1)),
    ("Log", "log_param { scale: -1 shift: 9 }", POSITIVE, lambda x: math.log(9 - x)),
    ("Power", "", EVEN, lambda x: x),
    ("Power", "power_param { power: 2 }", EVEN, lambda x: x**2),
    ("Power", "power_param { power: 2 scale: -0.5 shift: 3 }", EVEN, lambda x: (3 - 0.5 * x) ** 2),
    ("Power", "power_param { power: 3 }", EVEN, lambda x: x**3),
    ("Power", "power_param { power: 3 shift: -1 }", EVEN, lambda x: (x - 1) ** 3),
    ("Power", "power_param { power: -1.5 scale: 2 shift: 1 }", POSITIVE, lambda x: (2 * x + 1) ** -1.5),
    ("Power", "power_param { power: 0.25 }", POSITIVE, lambda x: x**0.25),
    ("Power", "power_param { power: 0 shift: 3 }", EVEN, lambda x: 1),
    ("Power", "power_param { power: 0 scale: 0 }", EVEN, lambda x: 1),  # 0 to the power of 0
    ("Power", "power_param { scale: 0 shift: -3 }", EVEN, lambda x: -3),
    ("ReLU", "", EVEN, lambda x: max(x, 0)),
    ("ReLU", "relu_param { negative_slope: 0.25 }", EVEN, lambda x: x if x > 0 else 0.25 * x),
    ("ReLU", "relu_param { negative_slope: -1 }", EVEN, lambda x: x if x > 0 else -x),
    ("Sigmoid", "", EVEN, sigma),
    ("Swish", "", EVEN, lambda x: x * sigma(x)),
    ("Swish", "swish_param { beta: -2 }", EVEN, lambda x: x * sigma(-2 * x)),
    ("Swish", "swish_param { beta: 0 }", EVEN, lambda x: x / 2),
    ("TanH", "", EVEN, math.tanh),
    ("Threshold", "threshold_param { threshold: -1 }", EVEN, lambda x: float(x > -1)),
]


@pytest.mark.parametrize(
    ("name", "spec", "x", "f"), FORMULAS, ids=[f"{name} {spec}".strip() for name, spec, *_ in FORMULAS]
)
def test_it_is_its_formula(hold, name, spec, x, f):
    def definition(x):
        return [np.vectorize(lambda number: float(f(float(number))))(x)]

    hold(name, [x], definition, spec, gradient=name != "Threshold")


@settings(max_examples=25)
@given(st.lists(st.integers(1, 3), min_size=2, max_size=5), st.booleans())
def test_prelu(hold, shape, shared):
    x = np.random.default_rng(0).normal(size=shape)

    def definition(x, slope):
        y = np.zeros(shape)
        for at in np.ndindex(*shape):
            y[at] = x[at] if x[at] > 0 else x[at] * (slope if shared else slope[at[1]])
        return [y]

    hold("PReLU", [x], definition, f"prelu_param {{ channel_shared: {str(shared).lower()} }}")


#: where a curve has a corner, the slope that Caffe takes there
CORNERS = [
    ("ReLU", "", 0, 0),
    ("ReLU", "relu_param { negative_slope: 0.5 }", 0, 0.5),
    ("PReLU", "", 0, 0.25),
    ("ELU", "elu_param { alpha: 2 }", 0, 2),
    ("AbsVal", "", 0, 0),
    ("Clip", "clip_param { min: -1 max: 2 }", -1, 1),  # the interval is closed
    ("Clip", "clip_param { min: -1 max: 2 }", 2, 1),
    ("Power", "power_param { power: 2 }", 0, 0),
]


@pytest.mark.parametrize(("name", "spec", "x", "slope"), CORNERS)
def test_the_slope_at_a_corner(name, spec, x, slope):
    trial = make_layer(name, [[float(x)]], spec=spec)
    trial.forward()
    assert trial.backward([[10.0]])[0].item() == 10 * slope


def test_on_the_threshold_is_not_above_it():
    assert make_layer("Threshold", [[2.0, 2.1]], spec="threshold_param { threshold: 2 }").forward()[0].tolist() == [
        [0, 1]
    ]
