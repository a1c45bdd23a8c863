import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError

X = np.arange(16.0).reshape(1, 1, 4, 4)


def spp(x, options):
    return make_layer("SPP", x, spec=f"spp_param {{ {options} }}")


def test_by_hand():
    trial = spp(X, "pyramid_height: 2")
    assert trial.forward()[0].tolist() == [[15, 5, 7, 13, 15]]
    (dx,) = trial.backward([[1, 2, 3, 4, 5]])
    assert dx[0, 0].tolist() == [[0, 0, 0, 0], [0, 2, 0, 3], [0, 0, 0, 0], [0, 4, 0, 1 + 5]]


def test_means_by_hand():
    trial = spp(X, "pyramid_height: 2 pool: AVE")
    assert trial.forward()[0].tolist() == [[7.5, 2.5, 4.5, 10.5, 12.5]]
    (dx,) = trial.backward([[16, 4, 0, 0, 8]])
    assert dx[0, 0].tolist() == [[2, 2, 1, 1], [2, 2, 1, 1], [1, 1, 3, 3], [1, 1, 3, 3]]


def test_level_by_level_channel_by_channel():
    (y,) = spp(np.concatenate([X, 100 + X], axis=1), "pyramid_height: 2").forward()
    assert y.tolist() == [[15, 115, 5, 7, 13, 15, 105, 107, 113, 115]]


@pytest.mark.parametrize("size", [(7, 9), (12, 8), (13, 22), (4, 31)])
@pytest.mark.parametrize("kind", ["MAX", "AVE"])
def test_each_level_is_a_pooling(size, kind):
    x = np.random.default_rng(0).normal(size=(2, 3, *size))
    (y,) = spp(x, f"pyramid_height: 3 pool: {kind}").forward()
    assert y.shape == (2, 3 * 21)
    first = 0
    for bins in (1, 2, 4):
        h, w = (-(-n // bins) for n in size)
        pad = [(k * bins - n + 1) // 2 for k, n in zip((h, w), size, strict=True)]
        options = (
            f"pool: {kind} kernel_h: {h} kernel_w: {w} stride_h: {h} stride_w: {w} pad_h: {pad[0]} pad_w: {pad[1]}"
        )
        (level,) = make_layer("Pooling", x, spec=f"pooling_param {{ {options} }}").forward()
        assert level.shape == (2, 3, bins, bins)
        last = first + level[0].size
        assert np.array_equal(y[:, first:last], level.reshape(2, -1))
        first = last


def test_one_level_keeps_its_axes():
    assert spp(X, "pyramid_height: 1").forward()[0].tolist() == [[[[15]]]]


def test_the_image_may_change_its_size():
    trial = spp(X, "pyramid_height: 2")
    trial.bottom[0].reshape(1, 1, 6, 5)
    trial.bottom[0].data = np.arange(30.0).reshape(1, 1, 6, 5)
    assert trial.forward()[0].shape == (1, 5)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("", SpecError, "`pyramid_height` is needed in `spp_param` and is not set"),
        ("pyramid_height: 0", SpecError, "expected a `pyramid_height` of 1 or more in `spp_param`, found 0"),
        (
            "pyramid_height: 2 pool: STOCHASTIC",
            SpecError,
            "expected `pool: MAX` or `pool: AVE`, found STOCHASTIC (in Caffe, GPU only)",
        ),
        (
            "pyramid_height: 4",
            ShapeError,
            "level 4 of the pyramid cuts the image into 8 x 8 windows, and of the inputs of (1, 1, 4, 4) some would "
            "get none; use a `pyramid_height` of 3 or larger images",
        ),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        spp(X, options)
    assert str(caught.value) == says


def test_it_pools_images_only():
    with pytest.raises(ShapeError) as caught:
        spp(X[0], "pyramid_height: 1")
    assert str(caught.value) == "expected 4 axes (N, C, H, W), found (1, 4, 4)"
