"""The parts add up to the difference of the scores."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import ShapeError
from cafe_edu.insight import gradient_times_input, integrated_gradients
from cafe_edu.insight.objective import score_of


@pytest.mark.parametrize("probability", [False, True])
@pytest.mark.parametrize("baseline", [0, 0.7, "image"])
def test_it_is_complete(mixed, baseline, probability):
    # a net without kinks, so that few steps miss little
    net, x = mixed
    spec = str(net.spec).replace('type: "ReLU"', 'type: "TanH"').replace("pool: MAX", "pool: AVE")
    net = Net(spec, rng=3, dtype=np.float64)
    given = np.random.default_rng(8).normal(size=x.shape) if baseline == "image" else baseline
    x0 = np.zeros(x.shape) + given
    for target in range(3):
        parts = integrated_gradients(net, x, target, given, 256, probability)
        score = score_of(net, target, probability)
        difference = score(x[None])[0] - score(x0[None])[0]
        assert abs(difference) > 1e-5
        assert parts.sum() == pytest.approx(difference, rel=1e-3)


def test_with_kinks_too(mixed):
    net, x = mixed
    difference = score_of(net, 1)(x[None])[0] - score_of(net, 1)(0 * x[None])[0]
    assert integrated_gradients(net, x, 1, steps=800).sum() == pytest.approx(difference, rel=0.01)


def test_more_steps_miss_less(mixed):
    net, x = mixed
    score = score_of(net, 2)
    difference = score(x[None])[0] - score(0 * x[None])[0]
    missed = [abs(integrated_gradients(net, x, 2, steps=m).sum() - difference) for m in (2, 16, 256)]
    assert missed[0] > missed[1] > missed[2]


def test_of_a_linear_net_one_step_is_exact():
    net = Net("""
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 5 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
      num_output: 2 weight_filler { type: "gaussian" } } }
    """, rng=0)  # fmt: skip
    x = np.arange(5.0)
    np.testing.assert_allclose(integrated_gradients(net, x, 1, steps=1), gradient_times_input(net, x, 1), rtol=1e-6)


def test_a_baseline_of_another_shape(mixed):
    net, x = mixed
    with pytest.raises(ShapeError, match=r"expected one image of shape \(2, 9, 9\) for 'x', found \(9, 9\)"):
        integrated_gradients(net, x, 1, baseline=x[0])
    with pytest.raises(ShapeError, match="expected 1 or more steps, found 0"):
        integrated_gradients(net, x, 1, steps=0)
