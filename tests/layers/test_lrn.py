import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError


def lrn(x, options, **keywords):
    return make_layer("LRN", x, spec=f"lrn_param {{ {options} }}", **keywords)


def test_across_channels_by_hand():
    x = np.array([1.0, 2, 3, 4]).reshape(1, 4, 1, 1)
    (y,) = lrn(x, "local_size: 3 alpha: 3 beta: 1 k: 2").forward()
    s = [2 + 1 + 4, 2 + 1 + 4 + 9, 2 + 4 + 9 + 16, 2 + 9 + 16]
    assert np.allclose(y.ravel(), x.ravel() / s)


def test_within_channel_by_hand_and_k_is_not_used():
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    corner = 1 + 1 + 4 + 16 + 25
    edge = 1 + 1 + 4 + 9 + 16 + 25 + 36
    for k in (1, 5):
        (y,) = lrn(x, f"local_size: 3 alpha: 9 beta: 1 k: {k} norm_region: WITHIN_CHANNEL").forward()
        assert np.allclose(y[0, 0, 0, :2], [1 / corner, 2 / edge])
        assert np.allclose(y[0, 0, 1, 1], 5 / (1 + 285))


def test_the_gradient_by_hand():
    """One channel: y = x / (1 + x²), so dy/dx = (1 - x²) / (1 + x²)²."""
    trial = lrn(np.full((1, 1, 1, 1), 3.0), "local_size: 1 beta: 1")
    trial.forward()
    assert np.allclose(trial.backward([[[[1.0]]]]), (1 - 9) / 100)


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_a_window_larger_than_the_blob_sees_all_of_it(region):
    x = np.random.default_rng(0).normal(size=(1, 2, 2, 2))
    (y,) = lrn(x, f"local_size: 9 alpha: 2 beta: 1 norm_region: {region}").forward()
    if region == "ACROSS_CHANNELS":
        s = 1 + 2 / 9 * (x**2).sum(axis=1, keepdims=True)
    else:
        s = 1 + 2 / 81 * (x**2).sum(axis=(2, 3), keepdims=True)
    assert np.allclose(y, x / s)


@pytest.mark.parametrize("size", [0, 4])
def test_an_even_window_has_no_middle(size):
    with pytest.raises(SpecError) as caught:
        lrn(np.ones((1, 3, 2, 2)), f"local_size: {size}")
    assert str(caught.value) == f"expected an odd `local_size` (so that there is a middle), found {size}"


def test_it_normalizes_images_only():
    with pytest.raises(ShapeError) as caught:
        lrn(np.ones((2, 3)), "")
    assert str(caught.value) == "expected 4 axes (N, C, H, W), found (2, 3)"
