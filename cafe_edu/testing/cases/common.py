"""Common layers: shape, sum and chance."""

from cafe_edu.testing.cases.case import Case, below, beside, distinct, normal, reindexed, rivals, selected, twice

CASES = {
    "ArgMax": [
        Case("", distinct(3, 4), gradient=False),
        Case("argmax_param { top_k: 3 out_max_val: true }", distinct(4, 2, 2), gradient=False),
        Case("argmax_param { axis: -2 top_k: 2 }", distinct(4, 3), gradient=False),
        Case("argmax_param { axis: 1 out_max_val: true }", distinct(4, 3), gradient=False),
    ],
    "BatchNorm": [
        Case("", normal(3, 4)),
        Case("batch_norm_param { eps: 0.1 }", normal(2, 3, 4)),
        Case("batch_norm_param { eps: 0.1 use_global_stats: true }", normal(3), gradient=False),
    ],
    "BatchReindex": [Case("", reindexed(3, 2)), Case("", reindexed())],
    "Bias": [
        Case("", normal(3, 2)),
        Case("bias_param { axis: -2 num_axes: 2 }", normal(3, 2, 2)),
        Case("bias_param { num_axes: 0 }", normal(3)),
        Case("bias_param { axis: 1 num_axes: -1 }", normal(3, 2)),
        Case("bias_param { axis: 2 }", beside(normal(3, 2, 4), 2)),
    ],
    "Concat": [
        Case("", twice(normal(3, 2))),
        Case("concat_param { axis: 0 }", twice(normal(3))),
        Case("concat_param { axis: -1 }", normal(3, 2)),
    ],
    "Dropout": [Case("", normal(6, 5)), Case("dropout_param { dropout_ratio: 0.2 }", normal(3, 4, 2))],
    "Eltwise": [
        Case("", twice(normal(3, 2))),
        Case("eltwise_param { coeff: 2 coeff: -0.5 }", twice(normal(3, 2))),
        Case("eltwise_param { operation: PROD }", twice(twice(normal(3)))),
        Case("eltwise_param { operation: PROD stable_prod_grad: false }", twice(twice(normal(3)))),
        Case("eltwise_param { operation: MAX }", rivals(3, 3, 2)),
    ],
    "Embed": [
        Case("embed_param { num_output: 3 input_dim: 4 weight_filler { type: 'xavier' } }", below(4, 2)),
        Case("embed_param { num_output: 2 input_dim: 3 bias_term: false }", below(3)),
    ],
    "Filter": [
        Case("", selected(normal(3))),
        Case("", selected(twice(normal(3, 2))), tops=2),
    ],
    "Flatten": [
        Case("", normal(3, 2, 2)),
        Case("flatten_param { axis: 0 end_axis: -2 }", normal(3, 2)),
        Case("flatten_param { axis: 2 end_axis: 1 }", normal(3, 2)),
    ],
    "InnerProduct": [
        Case("inner_product_param { num_output: 4 weight_filler { type: 'xavier' } }", normal(2, 3)),
        Case("inner_product_param { num_output: 3 bias_term: false }", normal(5)),
        Case("inner_product_param { num_output: 3 transpose: true }", normal(2, 3)),
        Case("inner_product_param { num_output: 3 axis: -1 }", normal(4, 5)),
    ],
    "MVN": [
        Case("", normal(2, 3, 4)),
        Case("mvn_param { across_channels: true }", normal(3, 2, 2)),
        Case("mvn_param { normalize_variance: false }", normal(2, 3, 2)),
    ],
    "Python": [Case("python_param { module: 'cafe_edu.testing.shift' layer: 'Shift' param_str: '2' }", normal(3, 2))],
    "Reduction": [
        Case("", normal(3, 2)),
        Case("reduction_param { operation: ASUM axis: -1 }", normal(3, 2)),
        Case("reduction_param { operation: SUMSQ axis: 1 coeff: 0.5 }", normal(3, 2)),
        Case("reduction_param { operation: MEAN axis: 0 coeff: 3 }", normal(3, 2)),
        Case("reduction_param { operation: MEAN axis: 1 }", normal(3, 2)),
    ],
    "Reshape": [
        Case("reshape_param { shape { dim: 0 dim: 2 dim: -1 } }", normal(6)),
        Case("reshape_param { shape { dim: -1 dim: 2 } axis: 1 num_axes: 1 }", normal(6, 3)),
        Case("reshape_param { shape { dim: 1 dim: 1 } axis: -1 num_axes: 0 }", normal(6)),
    ],
    "Scale": [
        Case("", normal(3, 2)),
        Case("scale_param { bias_term: true filler { type: 'gaussian' } }", normal(3, 2, 2)),
        Case("scale_param { axis: -2 num_axes: 2 }", normal(3, 2, 2)),
        Case("scale_param { num_axes: 0 bias_term: true }", normal(3)),
        Case("scale_param { axis: 1 num_axes: -1 }", normal(3, 2)),
        Case("scale_param { axis: 2 bias_term: true }", beside(normal(3, 2, 4), 2)),
    ],
    "Silence": [Case("", twice(normal(3)), tops=0)],
    "Slice": [
        Case("", normal(6, 2), tops=3),
        Case("slice_param { axis: -1 slice_point: 1 slice_point: 4 }", normal(2, 6), tops=3),
        Case("slice_param { slice_point: 2 }", normal(3), tops=2),
        Case("", normal(3)),
    ],
    "Softmax": [Case("", normal(5)), Case("softmax_param { axis: -1 }", normal(3, 4))],
    "Split": [Case("", normal(3, 2), tops=3)],
    "Tile": [
        Case("tile_param { tiles: 3 }", normal(2, 3)),
        Case("tile_param { tiles: 2 axis: 0 }", normal(3)),
        Case("tile_param { tiles: 2 axis: -1 }", normal(2, 3)),
    ],
}
