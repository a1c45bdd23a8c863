"""Vision layers: images in, images out."""

from cafe_edu.testing.cases.case import Case, cropped, distinct, normal, twice
from cafe_edu.testing.cases.neuron import positive

CASES = {
    "Convolution": [
        Case("convolution_param { num_output: 3 kernel_size: 3 }", normal(2, 5, 4)),
        Case("convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 group: 2 }", normal(4, 4, 5)),
        Case("convolution_param { num_output: 6 kernel_size: 3 stride: 2 pad: 1 group: 3 }", normal(3, 4, 5)),
        Case("convolution_param { num_output: 2 kernel_size: 2 dilation: 2 }", normal(2, 4, 4)),
        Case("convolution_param { num_output: 2 kernel_size: 2 bias_term: false }", normal(2, 3, 3)),
        Case("convolution_param { num_output: 3 kernel_h: 1 kernel_w: 3 pad_w: 1 }", normal(2, 4, 5)),
        Case("convolution_param { num_output: 3 kernel_size: 1 }", normal(4, 3, 3)),
        Case("convolution_param { num_output: 2 kernel_size: 3 pad: 1 stride: 2 }", normal(2, 4, 3, 5)),
        Case("convolution_param { num_output: 2 kernel_size: 3 }", normal(3, 7)),
        Case("convolution_param { num_output: 3 kernel_size: 2 }", twice(normal(2, 4, 4)), tops=2),
    ],
    "Crop": [
        Case("", cropped((3, 5, 4), (3, 2, 3))),
        Case("crop_param { axis: 1 offset: 1 offset: 0 offset: 2 }", cropped((3, 5, 4), (2, 5, 1))),
        Case("crop_param { axis: -1 offset: 1 }", cropped((2, 4), (7, 3))),
    ],
    "Deconvolution": [
        Case("convolution_param { num_output: 3 kernel_size: 3 stride: 3 }", normal(2, 2, 3)),
        Case("convolution_param { num_output: 2 kernel_size: 4 stride: 2 pad: 1 group: 2 }", normal(4, 3, 2)),
        Case("convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 group: 3 }", normal(3, 3, 2)),
        Case("convolution_param { num_output: 2 kernel_size: 2 dilation: 2 bias_term: false }", normal(3, 2, 3)),
        Case(
            "convolution_param { num_output: 3 kernel_h: 1 kernel_w: 3 pad_w: 1 stride_h: 2 stride_w: 1 }",
            normal(2, 2, 3),
        ),
        Case("convolution_param { num_output: 3 kernel_size: 1 }", normal(4, 3, 2)),
        Case("convolution_param { num_output: 2 kernel_size: 3 stride: 2 }", normal(2, 4)),
        Case("convolution_param { num_output: 3 kernel_size: 2 }", twice(normal(2, 2, 3)), tops=2),
    ],
    "Im2col": [
        Case("convolution_param { kernel_size: 3 }", normal(2, 4, 5)),
        Case("convolution_param { kernel_size: 3 stride: 2 pad: 1 dilation: 2 }", normal(2, 5, 6)),
        Case("convolution_param { kernel_size: 1 }", normal(2, 3, 3)),
        Case("convolution_param { kernel_size: 2 axis: -1 }", normal(2, 5)),
    ],
    "LRN": [
        Case("", normal(7, 2, 3)),
        Case("lrn_param { local_size: 3 alpha: 0.5 beta: 0.6 k: 2 }", normal(4, 3, 2)),
        Case("lrn_param { local_size: 9 }", normal(3, 2, 2)),
        Case("lrn_param { local_size: 3 alpha: 2 norm_region: WITHIN_CHANNEL }", normal(2, 4, 5)),
        Case("lrn_param { local_size: 5 alpha: 2 norm_region: WITHIN_CHANNEL }", normal(2, 2, 3)),
    ],
    "Pooling": [
        Case("pooling_param { kernel_size: 2 stride: 2 }", distinct(2, 6, 5)),
        Case("pooling_param { kernel_size: 3 stride: 2 pad: 1 }", distinct(2, 6, 7)),
        Case("pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }", normal(2, 6, 7)),
        Case("pooling_param { pool: AVE kernel_size: 2 stride: 2 round_mode: FLOOR }", normal(2, 5, 5)),
        Case("pooling_param { pool: AVE global_pooling: true }", normal(3, 4, 5)),
        Case("pooling_param { kernel_h: 2 kernel_w: 3 stride_h: 1 stride_w: 2 }", distinct(2, 5, 7)),
        Case("pooling_param { kernel_size: 3 stride: 2 }", distinct(2, 7, 7), tops=2, gradient=False),
        Case("pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }", positive(2, 6, 5)),
        Case("pooling_param { pool: STOCHASTIC global_pooling: true }", positive(2, 3, 4)),
    ],
    "SPP": [
        Case("spp_param { pyramid_height: 3 }", distinct(2, 7, 6)),
        Case("spp_param { pyramid_height: 2 pool: AVE }", normal(2, 5, 4)),
        Case("spp_param { pyramid_height: 1 }", distinct(3, 3, 4)),
    ],
}
