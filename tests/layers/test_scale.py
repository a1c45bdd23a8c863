import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import ShapeError

X = np.array([[[1.0, 2], [3, 4]]])  # (1, 2 channels, 2)
DY = np.array([[[1.0, 10], [100, 1000]]])


def test_ones_at_first():
    trial = make_layer("Scale", X)
    assert trial.layer.params[0].shape == (2,)
    assert np.array_equal(trial.forward()[0], X)


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("Scale", X, spec="scale_param { bias_term: true }", in_place=in_place)
    scale, bias = trial.layer.params
    scale.data, bias.data = [2, 5], [0.5, -1]
    assert trial.forward()[0].tolist() == [[[2.5, 4.5], [14, 19]]]
    assert trial.backward(DY)[0].tolist() == [[[2, 20], [500, 5000]]]
    assert scale.diff.tolist() == [1 + 20, 300 + 4000]
    assert bias.diff.tolist() == [11, 1100]


def test_a_second_bottom_scales():
    trial = make_layer("Scale", X, [2.0, 5], spec="scale_param { bias_term: true }")
    assert [blob.shape for blob in trial.layer.params] == [(2,)]  # the bias alone
    assert trial.forward()[0].tolist() == [[[2, 4], [15, 20]]]
    dx, ds = trial.backward(DY)
    assert dx.tolist() == [[[2, 20], [500, 5000]]]
    assert ds.tolist() == [21, 4300]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ("", (3,)),
        ("axis: 0", (2,)),
        ("axis: -1", (4,)),
        ("num_axes: 2", (3, 4)),
        ("axis: 0 num_axes: -1", (2, 3, 4)),
        ("axis: 7 num_axes: 0", ()),
    ],
)
def test_what_the_scale_spans(options, shape):
    trial = make_layer("Scale", np.ones((2, 3, 4)), spec=f"scale_param {{ {options} }}")
    (scale,) = trial.layer.params
    assert scale.shape == shape
    scale.data = np.random.default_rng(0).normal(size=shape)
    lined_up = scale.data.reshape({(3,): (3, 1), (2,): (2, 1, 1)}.get(shape, shape))
    assert np.array_equal(trial.forward()[0], np.broadcast_to(lined_up, (2, 3, 4)))


def test_a_filler_of_its_own():
    trial = make_layer("Scale", X, spec="scale_param { filler { value: 3 } }")
    assert np.array_equal(trial.forward()[0], 3 * X)


def test_errors():
    with pytest.raises(ShapeError, match=r"expected an axis within \(1, 2, 2\), found axis: 3"):
        make_layer("Scale", X, spec="scale_param { axis: 3 }")
    with pytest.raises(ShapeError, match=r"expected num_axes from -1 to 2 \(axis 1 of \(1, 2, 2\)\), found 3"):
        make_layer("Scale", X, spec="scale_param { num_axes: 3 }")
    said = r"expected the shape \(2,\) that stands in \(1, 2, 2\) from axis 1 on, found \(3,\)"
    with pytest.raises(ShapeError, match=said):
        make_layer("Scale", X, np.ones(3))
    x, s = np.ones((2, 3, 2)), np.ones((2, 3))
    trial = make_layer("Scale", x, s, spec="scale_param { axis: 0 bias_term: true }")
    trial.bottom[1].reshape(2)
    with pytest.raises(ShapeError, match=r"expected a scale of the shape of the bias, \(2, 3\), found \(2,\)"):
        trial.layer.reshape(trial.bottom, trial.top)


NORMED = """
force_backward: true
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 dim: 5 } } }
layer { name: "power" type: "Power" bottom: "x" top: "c" power_param { scale: 2 } }
layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "scale" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
"""


def test_behind_batch_norm_there_is_one_copy_for_both():
    net = Net(NORMED, "TRAIN")
    net.forward(x=np.random.default_rng(0).normal(size=(4, 3, 5)))
    bn, scale = net.layers[2:]
    assert np.shares_memory(bn.y, scale.x)


def test_who_writes_between_the_two_is_heeded():
    """What was lent is no copy any more, in whatever way the numbers were reached."""
    x, y = np.random.default_rng(0).normal(size=(2, 4, 3, 5)).astype(np.float32)
    for view_from_before in (False, True):
        net = Net(NORMED, "TRAIN")
        net.forward(x=x)
        view = net.blobs["c"].data
        net.forward(x=x, end="bn")
        (view if view_from_before else net.blobs["c"].data)[...] = y
        net.forward(start="scale")
        net.clear_param_diffs()
        net.backward(start="scale", end="scale", c=np.ones((4, 3, 5)))
        np.testing.assert_allclose(net.params["scale"][0].diff, y.sum(axis=(0, 2)), rtol=1e-5)
