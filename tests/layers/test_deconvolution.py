import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError

X = np.array([[[[1.0, 2], [3, 4]]]])


def deconv(*bottom, options, **keywords):
    return make_layer("Deconvolution", *bottom, spec=f"convolution_param {{ {options} }}", **keywords)


def test_by_hand():
    """The windows 1W, 2W, 3W, 4W with W = [[1, 0], [0, -1]] overlap in the middle."""
    trial = deconv(X, options="num_output: 1 kernel_size: 2")
    weight, bias = trial.layer.params
    weight.data, bias.data = [[[[1, 0], [0, -1]]]], [0.5]
    assert (trial.forward()[0][0, 0] - 0.5).tolist() == [[1, 2, 0], [3, 3, -2], [0, -3, -4]]
    weight.diff, bias.diff = np.ones((1, 1, 2, 2)), [10]
    (dx,) = trial.backward(np.arange(1.0, 10).reshape(1, 1, 3, 3))
    assert weight.diff.tolist() == [[[[1 + 37, 1 + 47], [1 + 67, 1 + 77]]]]
    assert bias.diff.tolist() == [10 + 45]
    assert dx.tolist() == [[[[-4, -4], [-4, -4]]]]


@pytest.mark.parametrize(
    ("x", "options", "weight", "y"),
    [
        ((2, 4, 3, 5), "num_output: 6 kernel_size: 3", (4, 6, 3, 3), (2, 6, 5, 7)),
        ((2, 4, 3, 5), "num_output: 6 kernel_size: 4 stride: 2 pad: 1 group: 2", (4, 3, 4, 4), (2, 6, 6, 10)),
        ((2, 4, 3, 5), "num_output: 1 kernel_size: 3 dilation: 2", (4, 1, 3, 3), (2, 1, 7, 9)),
        ((2, 4, 3, 5), "num_output: 1 kernel_h: 1 kernel_w: 2 stride: 3", (4, 1, 1, 2), (2, 1, 7, 14)),
        ((2, 3, 5), "num_output: 4 kernel_size: 2 stride: 2", (3, 4, 2), (2, 4, 10)),
        ((2, 3, 2, 2, 2), "num_output: 4 kernel_size: 2", (3, 4, 2, 2, 2), (2, 4, 3, 3, 3)),
        ((3, 5, 6), "num_output: 4 kernel_size: 2 axis: 0", (3, 4, 2, 2), (4, 6, 7)),
        ((2, 3, 4, 5), "num_output: 7 kernel_size: 2 axis: -2", (4, 7, 2), (2, 3, 7, 6)),
    ],
)
def test_shapes(x, options, weight, y):
    trial = deconv(np.ones(x), options=options)
    assert trial.layer.weight.shape == weight
    assert trial.forward()[0].shape == y


@pytest.mark.parametrize("size", [(3, 4), (20, 21)])
@pytest.mark.parametrize("more", ["", "group: 2", "stride: 2 pad: 1", "dilation: 2"])
def test_it_is_the_transpose_of_convolution(size, more):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4, *size))
    up = deconv(x, options=f"num_output: 2 kernel_size: 3 bias_term: false {more}")
    W = rng.normal(size=up.layer.weight.shape)
    up.layer.weight.data = W
    (y,) = up.forward()
    z = rng.normal(size=y.shape)
    options = f"convolution_param {{ num_output: 4 kernel_size: 3 bias_term: false {more} }}"
    down = make_layer("Convolution", z, spec=options)
    down.layer.weight.data = W
    assert np.isclose((y * z).sum(), (x * down.forward()[0]).sum())
    assert np.allclose(down.backward(x)[0], y)
    assert np.allclose(up.backward(z)[0], down.forward()[0])
    assert np.allclose(up.layer.weight.diff, down.layer.weight.diff)


def test_the_bilinear_filler_enlarges():
    filler = "weight_filler { type: 'bilinear' } group: 1 bias_term: false"
    (y,) = deconv(np.ones((1, 1, 4, 4)), options=f"num_output: 1 kernel_size: 4 stride: 2 pad: 1 {filler}").forward()
    assert y.shape == (1, 1, 8, 8)
    assert np.allclose(y[0, 0, 1:-1, 1:-1], 1)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("kernel_size: 3", SpecError, "`num_output` is needed in `convolution_param` and is not set"),
        ("num_output: 2", SpecError, "`kernel_size` is needed in `convolution_param` and is not set"),
        (
            "num_output: 3 kernel_size: 3 group: 2",
            SpecError,
            "`group: 2` must divide the 4 input channels and num_output: 3",
        ),
        (
            "num_output: 2 kernel_size: 2 pad: 2",
            ShapeError,
            "expected inputs that make an image larger than the pad (2, 2) taken off on both sides, "
            "found (3, 3), which make (0, 0)",
        ),
        (
            "num_output: 2 kernel_size: 3 axis: 4",
            ShapeError,
            "expected a channel axis within (2, 4, 3, 3), found axis: 4",
        ),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        deconv(np.zeros((2, 4, 3, 3)), options=options)
    assert str(caught.value) == says


@pytest.mark.parametrize("shape", [(2, 3, 6, 6), (2, 4, 6)])
def test_a_bottom_that_does_not_fit_the_weight(shape):
    trial = deconv(np.zeros((2, 4, 6, 6)), options="num_output: 2 kernel_size: 1")
    trial.bottom[0].reshape(*shape)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == (
        f"expected 4 channels on axis 1 and 2 spatial axes after it (the weight is (4, 2, 1, 1)), found {shape}"
    )


def test_as_many_tops_as_bottoms():
    with pytest.raises(NetError, match=r"expected as many tops as bottoms \(2\), found 1"):
        deconv(X, X, options="num_output: 2 kernel_size: 1")
