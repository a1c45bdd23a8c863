"""Common layers: shape, sum and chance."""

from cafe_edu.testing.cases.case import Case, normal

CASES = {
    "Dropout": [Case("", normal(6, 5)), Case("dropout_param { dropout_ratio: 0.2 }", normal(3, 4, 2))],
    "InnerProduct": [
        Case("inner_product_param { num_output: 4 weight_filler { type: 'xavier' } }", normal(2, 3)),
        Case("inner_product_param { num_output: 3 bias_term: false }", normal(5)),
        Case("inner_product_param { num_output: 3 transpose: true }", normal(2, 3)),
        Case("inner_product_param { num_output: 3 axis: -1 }", normal(4, 5)),
    ],
    "Softmax": [Case("", normal(5)), Case("softmax_param { axis: -1 }", normal(3, 4))],
    "Split": [Case("", normal(3, 2), tops=3)],
}
