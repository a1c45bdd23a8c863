import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import DataError, NetError, ShapeError, SpecError

X = np.array([[[[1.0, 7, 2], [4, 5, 6], [3, 8, 9]]]])


def pool(x, options, **keywords):
    return make_layer("Pooling", x, spec=f"pooling_param {{ {options} }}", **keywords)


@pytest.mark.parametrize(
    ("options", "y", "dx"),
    [
        ("kernel_size: 2", [[7, 7], [8, 9]], [[0, 2, 0], [0, 0, 0], [0, 1, 1]]),
        ("kernel_size: 2 stride: 2", [[7, 6], [8, 9]], [[0, 1, 0], [0, 0, 1], [0, 1, 1]]),
        ("kernel_size: 2 stride: 2 round_mode: FLOOR", [[7]], [[0, 1, 0], [0, 0, 0], [0, 0, 0]]),
        ("kernel_h: 1 kernel_w: 3", [[7], [6], [9]], [[0, 1, 0], [0, 0, 1], [0, 0, 1]]),
        ("global_pooling: true", [[9]], [[0, 0, 0], [0, 0, 0], [0, 0, 1]]),
        (
            "pool: AVE kernel_size: 2",
            [[17 / 4, 20 / 4], [20 / 4, 28 / 4]],
            [[1 / 4, 1 / 2, 1 / 4], [1 / 2, 1, 1 / 2], [1 / 4, 1 / 2, 1 / 4]],
        ),
        (
            "pool: AVE kernel_size: 2 stride: 2",
            [[17 / 4, 8 / 2], [11 / 2, 9]],
            [[1 / 4, 1 / 4, 1 / 2], [1 / 4, 1 / 4, 1 / 2], [1 / 2, 1 / 2, 1]],
        ),
        ("pool: AVE global_pooling: true", [[5]], [[1 / 9] * 3] * 3),
    ],
)
def test_by_hand(options, y, dx):
    for phase in ("TRAIN", "TEST"):
        trial = pool(X, options, phase=phase)
        assert trial.forward()[0][0, 0].tolist() == y
        found = trial.backward(np.ones(trial.top[0].shape))[0][0, 0]
        assert np.allclose(found, dx)


def test_of_equals_the_first_gets_the_gradient():
    trial = pool(np.ones((1, 1, 2, 2)), "kernel_size: 2")
    trial.forward()
    assert trial.backward([[[[5]]]])[0].tolist() == [[[[5, 0], [0, 0]]]]


def test_max_does_not_see_the_padding():
    y = pool(-X, "kernel_size: 2 stride: 2 pad: 1").forward()[0]
    assert y[0, 0].tolist() == [[-1, -2], [-3, -5]]


def test_the_second_top_says_where():
    y, where = pool(X, "kernel_size: 2 stride: 2 pad: 1", tops=2).forward()
    assert y[0, 0].tolist() == [[1, 7], [4, 9]]
    assert where[0, 0].tolist() == [[0, 1], [3, 8]]


def test_global_pooling_follows_the_image():
    trial = pool(X, "pool: AVE global_pooling: true stride: 1 pad: 0")
    trial.bottom[0].reshape(1, 1, 2, 4)
    trial.bottom[0].data[...] = 3
    assert trial.forward()[0].tolist() == [[[[3]]]]


GLOBAL = "`global_pooling` looks at the whole image: leave out kernel, stride, pad"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "`kernel_size` (or `kernel_h` and `kernel_w`, or `global_pooling`) is not set"),
        ("kernel_h: 2", "expected `kernel_size`, or `kernel_h` and `kernel_w` together, found kernel_h"),
        (
            "kernel_size: 2 kernel_h: 2",
            "expected `kernel_size`, or `kernel_h` and `kernel_w` together, found kernel_size and kernel_h",
        ),
        (
            "kernel_size: 2 stride_w: 2",
            "expected `stride`, or `stride_h` and `stride_w` together, found stride_w",
        ),
        (
            "kernel_size: 2 pad: 1 pad_h: 1 pad_w: 1",
            "expected `pad`, or `pad_h` and `pad_w` together, found pad and pad_h and pad_w",
        ),
        ("kernel_size: 0", "expected a kernel and a stride of 1 or more, found (0, 0) and (1, 1)"),
        ("kernel_size: 2 stride: 0", "expected a kernel and a stride of 1 or more, found (2, 2) and (0, 0)"),
        ("kernel_size: 2 pad: 2", "expected a pad smaller than the kernel (2, 2), found (2, 2)"),
        ("kernel_h: 2 kernel_w: 3 pad: 2", "expected a pad smaller than the kernel (2, 3), found (2, 2)"),
        ("global_pooling: true kernel_size: 3", GLOBAL),
        ("global_pooling: true stride: 2", GLOBAL),
        ("global_pooling: true pad: 1", GLOBAL),
        (
            "pool: STOCHASTIC kernel_size: 2 pad: 1",
            "`pool: STOCHASTIC` takes no padding, found pad (1, 1)",
        ),
    ],
)
def test_errors(options, says):
    with pytest.raises(SpecError) as caught:
        pool(X, options)
    assert str(caught.value) == says


def test_one_top_unless_max():
    with pytest.raises(SpecError, match="a second top needs `pool: MAX`, found AVE"):
        pool(X, "pool: AVE kernel_size: 2", tops=2)
    with pytest.raises(NetError, match="expected 1 to 2 tops, found 3"):
        pool(X, "kernel_size: 2", tops=3)


def test_it_pools_images_only():
    with pytest.raises(ShapeError, match=r"expected 4 axes \(N, C, H, W\), found \(3, 3\)"):
        pool(X[0, 0], "kernel_size: 2")


def test_a_window_that_sees_nothing():
    with pytest.raises(ShapeError, match=r"the last of 2 windows \(kernel 1, stride 4\) starts outside the 3 inputs"):
        pool(X, "kernel_size: 1 stride: 4")


STOCHASTIC = "pool: STOCHASTIC kernel_size: 2 stride: 2"


def test_stochastic_in_the_test_phase_is_the_mean_of_the_draws():
    x = np.array([[[[1.0, 3, 0], [0, 0, 0], [5, 5, 2]]]])
    trial = pool(x, STOCHASTIC, phase="TEST")
    assert trial.forward()[0][0, 0].tolist() == [[10 / 4, 0], [5, 2]]
    (dx,) = trial.backward(np.ones((1, 1, 2, 2)))
    # (2 x - y) / sum; nothing flows into a window of zeros
    expected = [[(2 - 2.5) / 4, (6 - 2.5) / 4, 0], [-2.5 / 4, -2.5 / 4, 0], [0.5, 0.5, 1]]
    assert np.allclose(dx[0, 0], expected)


def test_stochastic_in_the_train_phase_draws_as_often_as_the_input_is_large():
    x = np.tile([[1.0, 3], [0, 6]], (1, 1, 100, 100))
    trial = pool(x, STOCHASTIC)
    (y,) = trial.forward()
    share = {value: (y == value).mean() for value in (0, 1, 3, 6)}
    assert share[0] == 0
    for value in (1, 3, 6):
        p = value / 10
        assert abs(share[value] - p) < 4 * np.sqrt(p * (1 - p) / y.size)
    (dx,) = trial.backward(2 * np.ones(y.shape))
    assert np.array_equal(dx.reshape(1, 1, 100, 2, 100, 2).sum(axis=(3, 5)), 2 * np.ones(y.shape))
    assert np.array_equal((dx * x).reshape(1, 1, 100, 2, 100, 2).sum(axis=(3, 5)), 2 * y)


@pytest.mark.parametrize(("draw", "first", "last"), [(1.0, 3, 9), (0.5, 2, 9), (0.0, 1, 7)])
def test_stochastic_stops_where_the_draw_says(draw, first, last):
    """Row by row along the window; Caffe takes the first input whose running sum reaches draw times the total."""

    class Drawn:
        def random(self, shape, dtype):
            return np.full(shape, 1 - max(draw, 1e-3), dtype)

    trial = pool(np.array([[[[1.0, 2, 7], [3, 0, 9]]]]), STOCHASTIC)
    trial.layer.rng = Drawn()
    trial.layer.forward(trial.bottom, trial.top)
    assert trial.top[0].data[0, 0].tolist() == [[first, last]]


def test_a_window_of_zeros_gives_zero():
    for phase in ("TRAIN", "TEST"):
        assert pool(np.zeros((1, 1, 3, 3)), STOCHASTIC, phase=phase).forward()[0].tolist() == [[[[0, 0], [0, 0]]]]


def test_stochastic_needs_numbers_that_can_be_probabilities():
    for phase in ("TRAIN", "TEST"):
        with pytest.raises(DataError) as caught:
            pool(X - 3, STOCHASTIC, phase=phase).forward()
        assert str(caught.value) == (
            "expected inputs of 0 or more for stochastic pooling (put a ReLU before it), found -2"
        )
