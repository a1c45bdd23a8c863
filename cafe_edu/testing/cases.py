"""Cases: for each layer type, inputs and options on which the conformance tests try it."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to try a layer.

    Attributes
    ----------
    spec : options, in prototxt
    bottom : function of (rng, batch size) that makes the bottom arrays
    tops : number of tops
    gradient : can its gradient be checked by differences?
    """

    spec: str
    bottom: object
    tops: int = 1
    gradient: bool = True


def normal(*shape):
    """Bell-shaped numbers, (N, *shape), none within 0.05 of zero: no kink in a ReLU's reach."""

    def make(rng, n):
        x = rng.normal(size=(n, *shape))
        return [np.where(np.abs(x) < 0.05, 0.05, x)]

    return make


def distinct(*shape):
    """Numbers that all differ by at least 0.01, in random order: no equal maxima."""

    def make(rng, n):
        x = rng.permutation(n * int(np.prod(shape))).reshape(n, *shape)
        return [0.01 * x - 0.005 * x.size]

    return make


def scored(classes, *inner):
    """Scores (N, classes, *inner) and labels (N, *inner)."""

    def make(rng, n):
        return [rng.normal(size=(n, classes, *inner)), rng.integers(0, classes, (n, *inner)).astype(float)]

    return make


def _twice(*shape):
    return lambda rng, n: normal(*shape)(rng, n) + normal(*shape)(rng, n)


CASES = {
    "InnerProduct": [
        Case("inner_product_param { num_output: 4 weight_filler { type: 'xavier' } }", normal(2, 3)),
        Case("inner_product_param { num_output: 3 bias_term: false }", normal(5)),
        Case("inner_product_param { num_output: 3 transpose: true }", normal(2, 3)),
        Case("inner_product_param { num_output: 3 axis: -1 }", normal(4, 5)),
    ],
    "Convolution": [
        Case("convolution_param { num_output: 3 kernel_size: 3 }", normal(2, 5, 4)),
        Case("convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 group: 2 }", normal(4, 4, 5)),
        Case("convolution_param { num_output: 2 kernel_size: 2 dilation: 2 }", normal(2, 4, 4)),
        Case("convolution_param { num_output: 2 kernel_size: 2 bias_term: false }", normal(2, 3, 3)),
        Case("convolution_param { num_output: 3 kernel_h: 1 kernel_w: 3 pad_w: 1 }", normal(2, 4, 5)),
        Case("convolution_param { num_output: 3 kernel_size: 1 }", normal(4, 3, 3)),
        Case("convolution_param { num_output: 2 kernel_size: 3 pad: 1 stride: 2 }", normal(2, 4, 3, 5)),
        Case("convolution_param { num_output: 2 kernel_size: 3 }", normal(3, 7)),
        Case("convolution_param { num_output: 3 kernel_size: 2 }", _twice(2, 4, 4), tops=2),
    ],
    "Pooling": [
        Case("pooling_param { kernel_size: 2 stride: 2 }", distinct(2, 6, 5)),
        Case("pooling_param { kernel_size: 3 stride: 2 pad: 1 }", distinct(2, 6, 7)),
        Case("pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }", normal(2, 6, 7)),
        Case("pooling_param { pool: AVE kernel_size: 2 stride: 2 round_mode: FLOOR }", normal(2, 5, 5)),
        Case("pooling_param { pool: AVE global_pooling: true }", normal(3, 4, 5)),
        Case("pooling_param { kernel_h: 2 kernel_w: 3 stride_h: 1 stride_w: 2 }", distinct(2, 5, 7)),
        Case("pooling_param { kernel_size: 3 stride: 2 }", distinct(2, 7, 7), tops=2, gradient=False),
    ],
    "ReLU": [Case("", normal(3, 4)), Case("relu_param { negative_slope: 0.1 }", normal(2, 3, 4))],
    "Dropout": [Case("", normal(6, 5)), Case("dropout_param { dropout_ratio: 0.2 }", normal(3, 4, 2))],
    "Softmax": [Case("", normal(5)), Case("softmax_param { axis: -1 }", normal(3, 4))],
    "SoftmaxWithLoss": [
        Case("", scored(5)),
        Case("", scored(4, 2, 3)),
        Case("loss_param { ignore_label: 1 normalization: VALID }", scored(4, 3, 2)),
        Case("loss_param { ignore_label: 1 normalization: FULL }", scored(4, 3, 2)),
        Case("loss_param { normalization: NONE }", scored(4, 3)),
        Case("loss_param { normalize: false }", scored(4, 3)),
        Case("softmax_param { axis: -1 }", scored(4), tops=2, gradient=False),
    ],
    "Accuracy": [
        Case("", scored(5), gradient=False),
        Case("accuracy_param { top_k: 2 ignore_label: 0 }", scored(5, 3), tops=2, gradient=False),
    ],
    "Split": [Case("", normal(3, 2), tops=3)],
    "Input": [],
    "Data": [],
}
