"""The slopes are those of the numbers."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import NetError
from cafe_edu.insight.objective import Objective, score_of
from cafe_edu.insight.targets import find_target, layer_position


def numeric(f, x, eps=1e-6):
    dx = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        dx[i] = (f(up)[0] - f(down)[0]) / (2 * eps)
    return dx


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (1, {}),
        (2, {"probability": True}),
        (("conv", 1), {}),
        (("conv", 1), {"places": "mean"}),
        (("relu", 0, 2, 5), {}),
        (("both", 3), {}),
        (("drop", 0), {"places": "mean"}),
    ],
)
def test_slope_is_the_numeric_one(mixed, target, options):
    net, x = mixed
    objective = score_of(net, target, **options)
    values, dx = objective.slope(x[None])
    assert values == pytest.approx(objective(x[None]))
    assert np.abs(dx).max() > 0
    np.testing.assert_allclose(dx, numeric(objective, x[None]), rtol=1e-6, atol=1e-8)


def test_values_are_the_nets(mixed):
    net, x = mixed
    answer = net.forward(x=x[None])["prob"][0]
    assert score_of(net, 2)(x[None]) == pytest.approx(net.blobs["ip"].data[0, 2])
    assert score_of(net, 2, probability=True)(x[None]) == pytest.approx(answer[2])
    assert score_of(net, ("both", 3))(x[None]) == pytest.approx(net.blobs["both"].data[0, 3].max())
    assert score_of(net, ("both", 3), places="mean")(x[None]) == pytest.approx(net.blobs["both"].data[0, 3].mean())
    assert score_of(net, ("both", 3, 6, 2))(x[None]) == pytest.approx(net.blobs["both"].data[0, 3, 6, 2])


def test_a_layer_is_taken_before_what_runs_in_place_on_it(mixed):
    net, x = mixed
    net.forward(x=x[None])
    before = Objective(net, layer_position(net, "conv"), None).activations(x[None])
    after = Objective(net, layer_position(net, "relu"), None).activations(x[None])
    assert before.min() < 0
    assert np.array_equal(np.maximum(before, 0), after)
    assert np.array_equal(after, net.blobs["conv"].data)


@pytest.mark.parametrize("layer", ["conv", "relu", "both", "ip"])
def test_slope_at_a_layer(mixed, layer):
    # S grows by dA . e when what the layer writes grows by e
    net, x = mixed
    target = find_target(net, 0)
    objective = score_of(net, 0)
    names = [step.layer.name for step in objective.net.steps]
    A, dA = objective.slope_at(x[None], names.index(layer))
    assert (A.min() < 0) == (layer != "relu")  # as the layer wrote it, not as one in place left it
    twin, i = objective.net, names.index(layer)
    e = 1e-6 * np.random.default_rng(2).normal(size=A.shape)
    found = []
    for sign in (1, -1):
        twin.forward(x=x[None])
        for j in range(i + 1):  # again, because layers in place have overwritten
            twin.forward_step(j)
        twin.steps[i].top[0].data = A + sign * e
        for j in range(i + 1, len(twin.steps)):
            twin.forward_step(j)
        found.append(twin.blobs["ip"].data[0, target.channel])
    assert (found[0] - found[1]) / 2 == pytest.approx((dA * e).sum(), rel=1e-5)


def test_many_items_at_once(mixed):
    net, x = mixed
    some = np.stack([x, 2 * x, -x])
    objective = score_of(net, 1)
    values, dx = objective.slope(some)
    for i in range(3):
        value, one = objective.slope(some[i : i + 1])
        assert value[0] == pytest.approx(values[i])
        np.testing.assert_allclose(one[0], dx[i], atol=1e-12)


def test_slopes_of_weights_do_not_pile_up(mixed):
    net, x = mixed
    objective, found = score_of(net, 1), []
    for _ in range(3):
        objective.slope(x[None])
        found.append(objective.net.params["conv"][0].diff.copy())
    assert found[0].any()
    np.testing.assert_array_equal(found[0], found[2])


def test_only_a_class_has_a_probability(mixed):
    with pytest.raises(NetError, match=r"a unit has no probability, only a class has: found the target \('ip', 1\)"):
        score_of(mixed[0], ("ip", 1), probability=True)


def test_on_a_device(device):
    spec = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 4 dim: 4 } } }
    layer { name: "conv" type: "Convolution" bottom: "x" top: "y" convolution_param {
      num_output: 2 kernel_size: 2 weight_filler { type: "gaussian" } } }
    layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
    layer { name: "ip" type: "InnerProduct" bottom: "y" top: "s" inner_product_param {
      num_output: 2 weight_filler { type: "gaussian" } } }
    """
    x = np.random.default_rng(0).normal(size=(1, 1, 4, 4))
    values, dx = score_of(Net(spec, rng=1, device=device), 1).slope(x)
    there, slope = score_of(Net(spec, rng=1), 1).slope(x)
    assert isinstance(dx, np.ndarray)
    np.testing.assert_allclose(values, there, rtol=1e-5)
    np.testing.assert_allclose(dx, slope, rtol=1e-5, atol=1e-6)
