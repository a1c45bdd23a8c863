"""Losses and scores."""

import numpy as np

from cafe_edu.testing.cases.case import Case, beside, normal, scored, twice


def targets(*shape):
    """Scores and, for each, a target of 0, 1/2 or 1."""
    return lambda rng, n: [rng.normal(size=(n, *shape)), rng.integers(0, 3, (n, *shape)) / 2]


def probable(classes):
    """Probabilities (N, classes), none below 0.1 / classes, and labels (N,)."""

    def make(rng, n):
        p = rng.uniform(0.1, 1, (n, classes))
        return [p / p.sum(axis=1, keepdims=True), rng.integers(0, classes, n).astype(float)]

    return make


def pairs(features, size):
    """Two blobs (N, features) of numbers about as large as ``size``, and which pairs are alike (N,)."""

    def make(rng, n):
        return [*(size * rng.normal(size=(2, n, features))), np.arange(n) % 2.0]

    return make


CASES = {
    "Accuracy": [
        Case("", scored(5), gradient=False),
        Case("accuracy_param { top_k: 2 ignore_label: 0 }", scored(5, 3), tops=2, gradient=False),
    ],
    "ContrastiveLoss": [
        Case("contrastive_loss_param { margin: 5 legacy_version: true }", pairs(3, 1)),
        Case("contrastive_loss_param { margin: 1000 }", pairs(3, 100)),  # far apart: the 1e-4 is lost there
        Case("", pairs(3, 0.2), gradient=False),
    ],
    "EuclideanLoss": [Case("", twice(normal(4))), Case("", twice(normal(2, 3)))],
    "HingeLoss": [Case("", scored(5)), Case("hinge_loss_param { norm: L2 }", scored(4))],
    "InfogainLoss": [
        Case("", beside(scored(4), 4, 4)),
        Case("loss_param { ignore_label: 1 }", beside(scored(3, 2), 3, 3)),
        Case("infogain_loss_param { axis: -2 } loss_param { normalize: false }", beside(scored(3, 2), 1, 1, 3, 3)),
        Case("", beside(scored(4), 4, 4), tops=2, gradient=False),
    ],
    "MultinomialLogisticLoss": [Case("", probable(4))],
    "SigmoidCrossEntropyLoss": [
        Case("", targets(4)),
        Case("loss_param { ignore_label: 1 normalization: VALID }", targets(2, 3)),
        Case("loss_param { ignore_label: 0 normalization: FULL }", targets(2, 3)),
        Case("loss_param { normalize: true }", targets(3)),
        Case("loss_param { normalization: NONE }", targets(3)),
    ],
    "SoftmaxWithLoss": [
        Case("", scored(5)),
        Case("", scored(4, 2, 3)),
        Case("loss_param { ignore_label: 1 normalization: VALID }", scored(4, 3, 2)),
        Case("loss_param { ignore_label: 1 normalization: FULL }", scored(4, 3, 2)),
        Case("loss_param { normalization: NONE }", scored(4, 3)),
        Case("loss_param { normalize: false }", scored(4, 3)),
        Case("softmax_param { axis: -1 }", scored(4), tops=2, gradient=False),
    ],
}
