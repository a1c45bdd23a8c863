"""Float32 layers: they compute in float32, and at its ends they say what Caffe says."""

import math

import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.blob import Blob
from cafe_edu.testing.cases import CASES

INF = math.inf
TINY = float(np.finfo(np.float32).tiny)  # 1.2e-38, the smallest of full precision; the largest is 3.4e38


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name] and name != "Accuracy"])  # a ratio of counts
def test_nothing_is_computed_in_float64_on_the_way(name, monkeypatch):
    """Whatever a layer copies into a blob, and whatever it keeps for the way back, is float32 if it is no count."""
    seen, copy_in = [], Blob._copy_in

    def spy(self, mine, values, what):
        seen.append(np.asarray(values))
        return copy_in(self, mine, values, what)

    for case in CASES[name]:
        bottoms = case.bottom(np.random.default_rng(0), 2)
        trial = make_layer(name, *bottoms, spec=case.spec, tops=case.tops, dtype=np.float32)
        with monkeypatch.context() as patched:
            patched.setattr(Blob, "_copy_in", spy)
            trial.forward()
            if case.gradient:
                wanted = [i not in trial.layer.no_gradient for i in range(len(trial.bottom))]
                trial.layer.backward(trial.top, wanted, trial.bottom)
        kept = [values for values in vars(trial.layer).values() if isinstance(values, np.ndarray)]
        assert not [values.dtype for values in (*seen, *kept) if values.dtype == np.float64 and values.ndim]


@pytest.mark.parametrize(
    ("name", "spec", "x", "y", "dx"),
    [
        ("ReLU", "", [1e30, -1e30, INF, -INF], [1e30, 0, INF, 0], [1, 0, 1, 0]),
        ("ReLU", "relu_param { negative_slope: 0.5 }", [-1e30, -INF], [-0.5e30, -INF], [0.5, 0.5]),
        ("PReLU", "", [-1e30, 1e30, INF], [-0.25e30, 1e30, INF], [0.25, 1, 1]),
        ("ELU", "", [1e30, -1e30, 1e-30, -1e-30, INF, -INF], [1e30, -1, 1e-30, -1e-30, INF, -1], [1, 0, 1, 1, 1, 0]),
        ("Sigmoid", "", [1e30, -1e30, 1e-30, INF, -INF], [1, 0, 0.5, 1, 0], [0, 0, 0.25, 0, 0]),
        ("TanH", "", [1e30, -1e30, 1e-30, INF, -INF], [1, -1, 1e-30, 1, -1], [0, 0, 1, 0, 0]),
        ("BNLL", "", [1e30, -1e30, 60, -60, INF, -INF], [1e30, 0, 60, math.exp(-60), INF, 0], [1, 0, 1, 0, 1, 0]),
        ("Swish", "", [1e30, -1e30, 1e-30], [1e30, 0, 0.5e-30], [1, 0, 0.5]),
        ("AbsVal", "", [-1e30, -INF, -1e-30], [1e30, INF, 1e-30], [-1, -1, -1]),
        ("Clip", "clip_param { min: -2 max: 3 }", [1e30, -1e30, INF, -INF], [3, -2, 3, -2], [0, 0, 0, 0]),
        ("Exp", "", [-1e30, -INF, 1e-30, 88], [0, 0, 1, math.exp(88)], [0, 0, 1, math.exp(88)]),
        ("Exp", "exp_param { base: 2 }", [-1e30, 127], [0, 2.0**127], [0, math.log(2) * 2.0**127]),
        ("Log", "", [1e30, 1e-30, 1, INF], [30 * math.log(10), -30 * math.log(10), 0, INF], [1e-30, 1e30, 1, 0]),
        ("Power", "power_param { power: 0.5 }", [1e30, 1e-30, INF], [1e15, 1e-15, INF], [0.5e-15, 0.5e15, 0]),
        ("Power", "power_param { power: -1 }", [1e30, -1e30, INF], [1e-30, -1e-30, 0], [0, 0, 0]),
        ("Power", "power_param { power: 2 }", [1e19, -1e-30], [1e38, 0], [2e19, -2e-30]),
        ("Power", "power_param { scale: -3 }", [1e30, INF], [-3e30, -INF], [-3, -3]),
        ("Threshold", "", [1e30, -1e30, 1e-30, INF, -INF], [1, 0, 1, 1, 0], None),
        ("Softmax", "", [1e30, 1e30, -1e30], [0.5, 0.5, 0], None),
        ("Softmax", "", [1e30, 1e-30], [1, 0], None),
        ("Softmax", "", [1e-30, -1e-30, -INF], [0.5, 0.5, 0], None),
        ("LRN", "lrn_param { local_size: 1 }", [1e15, -1e15, 1e-30], [1e15**-0.5, -(1e15**-0.5), 1e-30], None),
        ("LRN", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }", [1e-30, 0], [1e-30, 0], None),
        ("Reduction", "reduction_param { operation: ASUM axis: 1 }", [1e30, -1e30], [2e30], None),
        ("MVN", "", [1e18, -1e18], [1, -1], None),
    ],
)  # fmt: skip
def test_at_the_ends_of_float32(name, spec, x, y, dx):
    """Warnings are errors: no number on the way may be too large to hold where the answer is not."""
    shape = {"LRN": (1, len(x), 1, 1), "MVN": (1, 1, 1, len(x))}.get(name, (1, len(x)))
    trial = make_layer(name, np.reshape(x, shape), spec=spec, dtype=np.float32)
    (found,) = trial.forward()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.ravel(), y, rtol=2e-5, atol=1e-37)
    if dx is not None:
        (slope,) = trial.backward(np.ones(found.shape))
        np.testing.assert_allclose(slope.ravel(), dx, rtol=2e-5, atol=1e-24)


@pytest.mark.parametrize(
    ("name", "spec", "x", "y"),
    [
        ("Exp", "", 1e30, INF),
        ("Log", "", 0, -INF),
        ("Log", "", -1, math.nan),
        ("Power", "power_param { power: 2 }", 1e30, INF),
        ("Power", "power_param { power: -1 }", 0, INF),
        ("Power", "power_param { power: 0.5 }", -1, math.nan),
        ("Softmax", "", INF, math.nan),
        ("LRN", "", 1e30, 0),  # x / infinity
    ],
)
def test_where_the_answer_is_no_number_it_is_caffes_and_numpy_says_so(name, spec, x, y):
    trial = make_layer(name, np.full((1, 1, 1, 1), x), spec=spec, dtype=np.float32)
    with pytest.warns(RuntimeWarning):
        (found,) = trial.forward()
    np.testing.assert_equal(found.item(), np.float32(y))


@pytest.mark.parametrize(
    ("name", "spec", "bottoms", "loss", "dx"),
    [
        ("SoftmaxWithLoss", "", [[[1e30, 0]], [1]], -math.log(TINY), [1, -1]),
        ("SoftmaxWithLoss", "", [[[1e30, 0]], [0]], 0, [0, 0]),
        ("SoftmaxWithLoss", "", [[[1e-30, -1e-30]], [0]], math.log(2), [-0.5, 0.5]),
        ("InfogainLoss", "", [[[1e30, 0]], [1], np.eye(2)], -math.log(1e-20), [1, -1]),
        ("SigmoidCrossEntropyLoss", "", [[[1e30, -1e30, 1e-30]], [[0, 1, 1]]], 2e30, [1, -1, -0.5]),
        ("SigmoidCrossEntropyLoss", "", [[[1e30, -1e30]], [[1, 0]]], 0, [0, 0]),
        ("MultinomialLogisticLoss", "", [[[0, 1]], [0]], -math.log(1e-20), [-1e20, 0]),
        ("HingeLoss", "", [[[-1e30, 1e30]], [0]], 2e30, [-1, 1]),
        ("HingeLoss", "hinge_loss_param { norm: L2 }", [[[1e18, -1e18]], [0]], 0, [0, 0]),
        ("EuclideanLoss", "", [[[1e18, 0]], [[-1e18, 0]]], 2e36, [2e18, 0]),
        ("ContrastiveLoss", "", [[[1e18, 0]], [[0, 0]], [0]], 0, [0, 0]),
        ("ContrastiveLoss", "", [[[1e18, 0]], [[0, 0]], [1]], 0.5e36, [1e18, 0]),
    ],
)
def test_losses_at_the_ends_of_float32(name, spec, bottoms, loss, dx):
    trial = make_layer(name, *map(np.array, bottoms), spec=spec, dtype=np.float32)
    np.testing.assert_allclose(trial.forward()[0], loss, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(trial.backward(np.float32(1))[0].ravel(), dx, rtol=1e-5, atol=1e-30)
