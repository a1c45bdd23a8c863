import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.arrays.loops import conv_loops
from cafe_edu.arrays.windows import Window
from cafe_edu.errors import DataError, NetError, SpecError


def filled(spec, *bottoms, W, b, t, s, tops=1, dtype=np.float64):
    trial = make_layer("QuantizedConvolution", *bottoms, spec=spec, tops=tops, dtype=dtype)
    for blob, values in zip(trial.layer.params, (W, b, t, s), strict=True):
        blob.data = values
    return trial


def test_by_hand():
    """x in steps of 0.5 is 1, 3, -4; the sums are 1 2 - 3 + 10 = 9 and 3 2 + 4 + 10 = 20."""
    spec = "convolution_param { num_output: 1 kernel_size: 2 }"
    trial = filled(spec, [[[0.6, 1.4, -2.1]]], W=[[[2, -1]]], b=[10], t=[0.25], s=[0.5])
    assert trial.forward()[0].tolist() == [[[9 * 0.125, 20 * 0.125]]]


def test_too_large_is_the_largest():
    spec = "convolution_param { num_output: 1 kernel_size: 1 }"
    trial = filled(spec, [[[1e30, -1e30, 126.4]]], W=[[[1]]], b=[0], t=[1], s=[1])
    assert trial.forward()[0].tolist() == [[[127, -127, 126]]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_group_has_steps_of_its_own(dtype):
    """A depthwise convolution whose channels differ a thousand times in size: each is rounded to its own steps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 5, 5)) * np.array([1, 1000, 0.001]).reshape(3, 1, 1)
    s = np.abs(x).max(axis=(0, 2, 3)) / 127
    W, b, t = rng.integers(-127, 128, (6, 1, 3, 3)), rng.integers(-900, 900, 6), rng.uniform(0.01, 0.1, 6)
    spec = "convolution_param { num_output: 6 kernel_size: 3 group: 3 pad: 1 }"
    (y,) = filled(spec, x, W=W, b=b, t=t, s=s, dtype=dtype).forward()
    scale = (s.repeat(2) * t).reshape(-1, 1, 1)
    codes = np.rint(x / s.reshape(-1, 1, 1)).astype(int)
    expected = conv_loops(codes, W, b, Window.square(3, pad=1), 3) * scale
    np.testing.assert_allclose(y, expected, rtol=1e-12 if dtype == np.float64 else 1e-5)


def test_two_layers_are_the_chain_of_whole_numbers():
    """What the second one reads is the first one's sums requantised: round(a s t / s'), ReLU and all."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 3, 6, 6)).astype(np.float32)
    spec = "convolution_param { num_output: 4 kernel_size: 3 } relu_param {}"
    W1, W2 = rng.integers(-127, 128, (4, 3, 3, 3)), rng.integers(-127, 128, (4, 4, 3, 3))
    b1, b2 = rng.integers(-9000, 9000, 4), rng.integers(-9000, 9000, 4)
    t1, t2 = (rng.uniform(0.001, 0.01, 4).astype(np.float32) for _ in range(2))
    s1, s2 = np.float32(abs(x).max() / 127), np.float32(0.05)
    (y,) = filled(spec, x, W=W1, b=b1, t=t1, s=[s1], dtype=np.float32).forward()
    (z,) = filled(spec, y, W=W2, b=b2, t=t2, s=[s2], dtype=np.float32).forward()

    a = conv_loops(np.rint(x / s1).astype(int), W1, b1, Window.square(3)).clip(0)
    again = np.rint(a.astype(np.float32) * (s1 * t1).reshape(-1, 1, 1) / s2).clip(-127, 127).astype(int)
    sums = conv_loops(again, W2, b2, Window.square(3)).clip(0)
    assert again.max() > 100
    assert np.array_equal(z, sums.astype(np.float32) * (s2 * t2).reshape(-1, 1, 1))


def test_parameters_are_8_and_32_bits():
    spec = "convolution_param { num_output: 6 kernel_size: 3 group: 2 }"
    trial = make_layer("QuantizedConvolution", np.ones((1, 4, 3, 3)), spec=spec)
    found = [(blob.name, blob.shape, blob.data.dtype.name) for blob in trial.layer.params]
    assert found == [
        ("trial.weight", (6, 2, 3, 3), "int8"),
        ("trial.bias", (6,), "int32"),
        ("trial.weight_scale", (6,), "float64"),
        ("trial.bottom_scale", (2,), "float64"),
    ]


def test_errors():
    spec, x = "convolution_param { num_output: 1 kernel_size: 1 }", np.ones((1, 1, 2, 2))
    with pytest.raises(SpecError, match=r"expected no `negative_slope` in an 8-bit layer, found 0\.5"):
        make_layer("QuantizedConvolution", x, spec=f"{spec} relu_param {{ negative_slope: 0.5 }}")
    with pytest.raises(SpecError, match="a kernel of 1089 places is not exact in one slice; expected at most 1040"):
        make_layer(
            "QuantizedConvolution", np.ones((1, 1, 33, 33)), spec="convolution_param { num_output: 1 kernel_size: 33 }"
        )
    with pytest.raises(SpecError, match="a sum of 66573 products may not fit in 32 bits; expected at most 66572"):
        make_layer("QuantizedConvolution", np.ones((1, 66573, 1, 1)), spec=spec)
    trial = make_layer("QuantizedConvolution", x, spec=spec)
    trial.forward()
    with pytest.raises(NetError, match="this layer has no gradient"):
        trial.backward(x)
    with pytest.raises(DataError, match="found NaN"):
        make_layer("QuantizedConvolution", x * np.nan, spec=spec).forward()
