"""Neuron layers: one number in, one number out."""

from cafe_edu.testing.cases.case import Case, normal

CASES = {
    "ReLU": [Case("", normal(3, 4)), Case("relu_param { negative_slope: 0.1 }", normal(2, 3, 4))],
}
