"""Layers beyond stock Caffe: SSD's, DeepLab's, YOLO's and SegNet's, MobileNet's, and ours."""

import numpy as np

from cafe_edu.testing.cases.case import Case, normal


def off_six(*shape):
    """Numbers around 0 and 6, none within 0.05 of either."""
    make = normal(*shape)

    def moved(rng, n):
        return [np.where(rng.random((n, *shape)) < 0.5, 0, 6) + x for x in make(rng, n)]

    return moved


def masked(shape, places):
    """Images (N, *shape), and for each number one of so many places; some come twice."""
    return lambda rng, n: [rng.normal(size=(n, *shape)), rng.integers(0, places, (n, *shape)).astype(float)]


CASES = {
    "GELU": [Case("", normal(3, 4)), Case("gelu_param { approximate: true }", normal(2, 3, 4))],
    "Interp": [
        Case("interp_param { height: 5 width: 7 }", normal(2, 3, 4)),
        Case("interp_param { zoom_factor: 3 }", normal(2, 2, 3)),
        Case("interp_param { shrink_factor: 2 pad_beg: -1 pad_end: -1 }", normal(1, 7, 6)),
        Case("interp_param { shrink_factor: 2 zoom_factor: 3 }", normal(2, 5, 4)),
        Case("interp_param { height: 3 width: 1 }", normal(2, 1, 4)),
    ],
    "LayerNorm": [
        Case("", normal(3, 2)),
        Case("layer_norm_param { axis: -1 eps: 0.1 }", normal(3, 4)),
        Case("layer_norm_param { axis: 2 }", normal(2, 3, 2)),
    ],
    "Normalize": [
        Case("", normal(3, 2)),
        Case("norm_param { across_spatial: false channel_shared: false eps: 0.1 }", normal(3, 2, 2)),
        Case("norm_param { channel_shared: false scale_filler { value: 20 } }", normal(3, 2)),
        Case("norm_param { across_spatial: false scale_filler { value: -3 } }", normal(4)),
    ],
    "Permute": [
        Case("permute_param { order: 0 order: 2 order: 3 order: 1 }", normal(3, 2, 4)),
        Case("permute_param { order: 2 order: 0 }", normal(3, 4)),
        Case("", normal(3)),
    ],
    "ReLU6": [Case("", off_six(3, 4))],
    "Upsample": [
        Case("upsample_param { scale: 2 }", normal(2, 3, 2)),
        Case("upsample_param { scale_h: 1 scale_w: 3 }", normal(2, 2, 2)),
        Case("upsample_param { scale: 2 pad_out_h: true }", masked((2, 3, 2), 20)),
        Case("upsample_param { scale: 2 upsample_h: 5 upsample_w: 3 }", masked((2, 3, 2), 15)),
    ],
}
