"""Neuron layers: one number in, one number out."""

from cafe_edu.testing.cases.case import Case, distinct, normal


def positive(*shape):
    """Numbers from 0.05 upwards, for roots and logarithms."""
    make = normal(*shape)
    return lambda rng, n: [abs(x) for x in make(rng, n)]


CASES = {
    "AbsVal": [Case("", normal(3, 4))],
    "BNLL": [Case("", normal(3, 4))],
    "Clip": [Case("clip_param { min: -0.1025 max: 0.0525 }", distinct(3, 4))],
    "ELU": [Case("", normal(3, 4)), Case("elu_param { alpha: 0.5 }", normal(2, 3, 4))],
    "Exp": [
        Case("", normal(3, 4)),
        Case("exp_param { base: 2 scale: 3 shift: 1 }", normal(3, 4)),
        Case("exp_param { base: 1 }", normal(3, 4)),
    ],
    "Log": [
        Case("", positive(3, 4)),
        Case("log_param { base: 0.5 scale: 3 shift: 1 }", positive(5)),
    ],
    "PReLU": [
        Case("", normal(3, 4)),
        Case("prelu_param { channel_shared: true }", normal(3, 2, 2)),
        Case("prelu_param { filler { type: 'gaussian' } }", normal(3)),
    ],
    "Power": [
        Case("", normal(3, 4)),
        Case("power_param { power: 2 scale: 3 shift: 1 }", normal(3, 4)),
        Case("power_param { power: 3 scale: -2 shift: 0.5 }", normal(3, 4)),
        Case("power_param { power: 0.37 scale: 2 }", positive(3, 4)),
        Case("power_param { power: 0 }", normal(3, 4)),
        Case("power_param { power: 3 scale: 0 shift: 2 }", normal(3, 4)),
    ],
    "ReLU": [Case("", normal(3, 4)), Case("relu_param { negative_slope: 0.1 }", normal(2, 3, 4))],
    "Sigmoid": [Case("", normal(3, 4))],
    "Swish": [Case("", normal(3, 4)), Case("swish_param { beta: 1.5 }", normal(2, 3, 4))],
    "TanH": [Case("", normal(3, 4))],
    "Threshold": [Case("threshold_param { threshold: 0.3 }", normal(3, 4), gradient=False)],
}
