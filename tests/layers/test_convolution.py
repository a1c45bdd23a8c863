import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import NetError, ShapeError, SpecError

X = np.arange(1.0, 10).reshape(1, 1, 3, 3)  # 1 2 3 / 4 5 6 / 7 8 9


def conv(*bottom, options, **keywords):
    return make_layer("Convolution", *bottom, spec=f"convolution_param {{ {options} }}", **keywords)


def test_by_hand():
    trial = conv(X, options="num_output: 1 kernel_size: 2")
    weight, bias = trial.layer.params
    weight.data, bias.data = [[[[1, 0], [0, -1]]]], [0.5]
    assert trial.forward()[0].tolist() == [[[[-3.5, -3.5], [-3.5, -3.5]]]]
    weight.diff, bias.diff = np.ones((1, 1, 2, 2)), [10]
    (dx,) = trial.backward([[[[1, 2], [3, 4]]]])
    assert weight.diff.tolist() == [[[[1 + 37, 1 + 47], [1 + 67, 1 + 77]]]]
    assert bias.diff.tolist() == [20]
    assert dx.tolist() == [[[[1, 2, 0], [3, 3, -2], [0, -3, -4]]]]


@pytest.mark.parametrize(
    ("x", "options", "weight", "y"),
    [
        ((2, 4, 6, 7), "num_output: 6 kernel_size: 3", (6, 4, 3, 3), (2, 6, 4, 5)),
        ((2, 4, 6, 7), "num_output: 6 kernel_size: 3 group: 2", (6, 2, 3, 3), (2, 6, 4, 5)),
        ((2, 4, 6, 7), "num_output: 1 kernel_h: 1 kernel_w: 3 stride_h: 2 stride_w: 1", (1, 4, 1, 3), (2, 1, 3, 5)),
        ((2, 4, 6, 7), "num_output: 1 kernel_size: 1 pad_h: 1", (1, 4, 1, 1), (2, 1, 8, 7)),
        ((2, 4, 6, 7), "num_output: 1 kernel_size: [2, 3] stride: [1, 2]", (1, 4, 2, 3), (2, 1, 5, 3)),
        ((2, 4, 9, 9), "num_output: 1 kernel_size: 3 dilation: 3 pad: 1", (1, 4, 3, 3), (2, 1, 5, 5)),
        ((2, 3, 5), "num_output: 4 kernel_size: 2 stride: 2", (4, 3, 2), (2, 4, 2)),
        ((2, 3, 4, 5, 6), "num_output: 4 kernel_size: 2", (4, 3, 2, 2, 2), (2, 4, 3, 4, 5)),
        ((2, 3), "num_output: 4 kernel_size: 1", (4, 3), (2, 4)),
        ((3, 5, 6), "num_output: 4 kernel_size: 2 axis: 0", (4, 3, 2, 2), (4, 4, 5)),
        ((2, 3, 4, 5), "num_output: 7 kernel_size: 2 axis: -2", (7, 4, 2), (2, 3, 7, 4)),
    ],
)
def test_shapes(x, options, weight, y):
    trial = conv(np.ones(x), options=options)
    trial.layer.weight.data[...] = 1
    assert trial.layer.weight.shape == weight
    assert trial.forward()[0].shape == y


def test_without_spatial_axes_it_is_an_inner_product():
    """Each item is one pixel, and there is nothing to lay a kernel along: none need be written."""
    x = np.random.default_rng(0).normal(size=(5, 3, 4))
    trial = conv(x, options="num_output: 2 axis: 2 weight_filler { type: 'xavier' } bias_filler { value: 3 }")
    product = make_layer("InnerProduct", x, spec="inner_product_param { num_output: 2 axis: 2 }")
    for mine, its in zip(trial.layer.params, product.layer.params, strict=True):
        its.data = mine.data
    assert np.allclose(trial.forward()[0], product.forward()[0])
    dy = np.random.default_rng(1).normal(size=(5, 3, 2))
    assert np.allclose(trial.backward(dy)[0], product.backward(dy)[0])
    assert np.allclose(trial.layer.weight.diff, product.layer.weight.diff)


def test_the_axes_before_the_channels_count_images():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    options = "num_output: 2 kernel_size: 2 weight_filler { type: 'xavier' }"
    many = conv(x, options=options + " axis: 2")
    one = conv(x.reshape(6, 4, 5), options=options)
    assert np.array_equal(many.forward()[0].reshape(6, 2, 4), one.forward()[0])


def test_several_bottoms_share_one_weight():
    x = np.random.default_rng(0).normal(size=(2, 2, 3, 4, 4))
    options = "num_output: 3 kernel_size: 2 weight_filler { type: 'msra' }"
    both = conv(*x, options=options, tops=2)
    dy = np.ones(both.top[0].shape)
    both.forward()
    both.backward(dy, dy)
    apart = [conv(half, options=options) for half in x]
    for one in apart:
        one.forward()
        one.backward(dy)
    total = sum(one.layer.weight.diff for one in apart)
    assert np.allclose(both.layer.weight.diff, total)


def test_without_bias():
    assert len(conv(X, options="num_output: 1 kernel_size: 2 bias_term: false").layer.params) == 1


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("kernel_size: 3", SpecError, "`num_output` is needed in `convolution_param` and is not set"),
        (
            "num_output: 0 kernel_size: 3",
            SpecError,
            "expected a `num_output` of 1 or more in `convolution_param`, found 0",
        ),
        ("num_output: 2", SpecError, "`kernel_size` is needed in `convolution_param` and is not set"),
        (
            "num_output: 3 kernel_size: 3 group: 2",
            SpecError,
            "`group: 2` must divide the 4 input channels and num_output: 3",
        ),
        (
            "num_output: 3 kernel_size: 3 group: 3",
            SpecError,
            "`group: 3` must divide the 4 input channels and num_output: 3",
        ),
        (
            "num_output: 2 kernel_size: 3 group: 0",
            SpecError,
            "`group: 0` must divide the 4 input channels and num_output: 2",
        ),
        (
            "num_output: 2 kernel_size: 3 kernel_h: 2",
            SpecError,
            "`kernel_h` and `kernel_w` stand for `kernel_size` on images; here both are set",
        ),
        (
            "num_output: 2 kernel_h: 2 kernel_w: 2 axis: 2",
            SpecError,
            "`kernel_h` and `kernel_w` stand for `kernel_size` on images; here there are 1 spatial axes",
        ),
        (
            "num_output: 2 kernel_h: 2",
            SpecError,
            "expected kernel_size, stride and dilation of 1 or more, found (2, 0), (1, 1) and (1, 1)",
        ),
        (
            "num_output: 2 kernel_size: 2 dilation: 0",
            SpecError,
            "expected kernel_size, stride and dilation of 1 or more, found (2, 2), (1, 1) and (0, 0)",
        ),
        (
            "num_output: 2 kernel_size: [3, 3, 3]",
            SpecError,
            "expected 1 value of `kernel_size`, or 2 (one per spatial axis), found (3, 3, 3)",
        ),
        (
            "num_output: 2 kernel_size: 9 pad: 1",
            ShapeError,
            "expected an image of at least the kernel's extent (9, 9) (pad (1, 1) counted), found (6, 6)",
        ),
        (
            "num_output: 2 kernel_size: 3 axis: 4",
            ShapeError,
            "expected a channel axis within (2, 4, 6, 6), found axis: 4",
        ),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        conv(np.zeros((2, 4, 6, 6)), options=options)
    assert str(caught.value) == says


@pytest.mark.parametrize("shape", [(2, 3, 6, 6), (2, 4, 6), (2, 4, 6, 6, 6)])
def test_a_bottom_that_does_not_fit_the_weight(shape):
    trial = conv(np.zeros((2, 4, 6, 6)), options="num_output: 2 kernel_size: 1")
    trial.bottom[0].reshape(*shape)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == (
        f"expected 4 channels on axis 1 and 2 spatial axes after it (the weight is (2, 4, 1, 1)), found {shape}"
    )


def test_as_many_tops_as_bottoms():
    with pytest.raises(NetError, match=r"expected as many tops as bottoms \(2\), found 1"):
        conv(X, X, options="num_output: 2 kernel_size: 1")
