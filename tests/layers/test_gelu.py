import math

import numpy as np
import pytest

from cafe_edu import make_layer

X = np.linspace(-8, 8, 321)
FORMULAS = {
    "": lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2)),
    "approximate: true": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}


@pytest.mark.parametrize("options", FORMULAS)
@pytest.mark.parametrize("in_place", [False, True])
def test_it_is_the_formula(options, in_place):
    trial = make_layer("GELU", [X], spec=f"gelu_param {{ {options} }}", in_place=in_place)
    y, h = FORMULAS[options], 1e-5
    assert np.allclose(trial.forward()[0], [[y(x) for x in X]], rtol=1e-12, atol=1e-12)
    slope = np.array([(y(x + h) - y(x - h)) / (2 * h) for x in X])
    assert np.allclose(trial.backward([10 * np.ones_like(X)])[0], [10 * slope], rtol=1e-7, atol=1e-8)


def test_by_hand():
    """Half of all bell-shaped numbers are below 0, and 0.8413447 of them below 1."""
    y = make_layer("GELU", [[0.0, 1, -1]]).forward()[0]
    assert np.allclose(y, [[0, 0.8413447, -0.1586553]], atol=1e-7)


def test_the_approximation_is_near():
    exact, near = (make_layer("GELU", [X], spec=f"gelu_param {{ {o} }}").forward()[0] for o in FORMULAS)
    assert 1e-4 < np.abs(exact - near).max() < 5e-4


@pytest.mark.parametrize("options", FORMULAS)
def test_far_from_zero_it_is_a_relu(options):
    trial = make_layer("GELU", [[-1e4, 1e4]], spec=f"gelu_param {{ {options} }}", dtype=np.float32)
    assert trial.forward()[0].tolist() == [[0, 1e4]]
    assert trial.backward([[1, 1]])[0].tolist() == [[0, 1]]
