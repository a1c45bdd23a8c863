import numpy as np
import pytest

from cafe_edu.cost import multiply_adds
from cafe_edu.testing import make_layer


@pytest.mark.parametrize(
    ("type_name", "shapes", "spec", "expected"),
    [
        ("Convolution", [(2, 4, 9, 9)], "convolution_param { num_output: 6 kernel_size: 3 stride: 2 }", 6 * 4 * 9 * 32),
        ("Convolution", [(2, 4, 9, 9)], "convolution_param { num_output: 6 kernel_size: 3 stride: 2 group: 2 }",
         6 * 2 * 9 * 32),
        ("Deconvolution", [(2, 4, 5, 5)], "convolution_param { num_output: 6 kernel_size: 3 stride: 2 }",
         4 * 6 * 9 * 2 * 25),
        ("InnerProduct", [(2, 3, 4)], "inner_product_param { num_output: 5 }", 2 * 12 * 5),
        ("InnerProduct", [(2, 3, 4)], "inner_product_param { num_output: 5 axis: 2 }", 6 * 4 * 5),
        ("LSTM", [(7, 2, 3), (7, 2)], "recurrent_param { num_output: 5 }", 7 * 2 * (20 * 3 + 20 * 5)),
        ("ReLU", [(2, 3)], "", 0),
        ("Pooling", [(2, 3, 4, 4)], "pooling_param { kernel_size: 2 }", 0),
    ],
)  # fmt: skip
def test_worked_by_hand(type_name, shapes, spec, expected):
    trial = make_layer(type_name, *(np.zeros(shape) for shape in shapes), spec=spec)
    assert multiply_adds(trial.layer, [b.shape for b in trial.bottom], [b.shape for b in trial.top]) == expected


def test_two_bottoms_through_one_weight():
    trial = make_layer(
        "Convolution", np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 6, 6)), tops=2,
        spec="convolution_param { num_output: 1 kernel_size: 3 }",
    )  # fmt: skip
    assert multiply_adds(trial.layer, [b.shape for b in trial.bottom], [b.shape for b in trial.top]) == 9 * (4 + 16)
