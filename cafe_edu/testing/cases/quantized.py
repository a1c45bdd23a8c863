"""8-bit layers. They round, so no differences say what their slope is; none has a gradient."""

from cafe_edu.testing.cases.case import Case, normal, twice

STEPS = "weight_filler { type: 'uniform' min: -128 max: 128 } bias_filler { type: 'uniform' min: -500 max: 500 }"


def seen(spec, bottom, tops=1):
    return Case(spec, bottom, tops=tops, gradient=False)


CASES = {
    "QuantizedConvolution": [
        seen(f"convolution_param {{ num_output: 4 kernel_size: 3 stride: 2 pad: 1 {STEPS} }}", normal(3, 5, 6)),
        seen(f"convolution_param {{ num_output: 4 kernel_size: 2 group: 2 {STEPS} }} relu_param {{}}", normal(4, 4, 5)),
        seen(f"convolution_param {{ num_output: 6 kernel_size: 3 group: 3 pad: 1 {STEPS} }}", normal(3, 6, 5)),
        seen(f"convolution_param {{ num_output: 2 kernel_size: 1 {STEPS} }}", twice(normal(3, 4, 2)), tops=2),
        seen(f"convolution_param {{ num_output: 2 kernel_size: 2 dilation: 2 axis: 2 {STEPS} }}", normal(2, 3, 7)),
    ],
    "QuantizedInnerProduct": [
        seen(f"inner_product_param {{ num_output: 4 {STEPS} }}", normal(2, 3)),
        seen(f"inner_product_param {{ num_output: 3 {STEPS} }} relu_param {{}}", normal(5)),
        seen(f"inner_product_param {{ num_output: 3 axis: -1 {STEPS} }}", normal(4, 5)),
    ],
}
