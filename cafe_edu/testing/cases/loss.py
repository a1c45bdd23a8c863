"""Losses and scores."""

from cafe_edu.testing.cases.case import Case, scored

CASES = {
    "Accuracy": [
        Case("", scored(5), gradient=False),
        Case("accuracy_param { top_k: 2 ignore_label: 0 }", scored(5, 3), tops=2, gradient=False),
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
