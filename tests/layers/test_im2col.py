import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError, SpecError

X = np.arange(1.0, 10).reshape(1, 1, 3, 3)  # 1 2 3 / 4 5 6 / 7 8 9


def unroll(x, options):
    return make_layer("Im2col", x, spec=f"convolution_param {{ {options} }}")


def test_by_hand():
    trial = unroll(X, "kernel_size: 2")
    (y,) = trial.forward()
    assert y.reshape(4, 4).tolist() == [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    (dx,) = trial.backward(np.ones((1, 4, 2, 2)))
    assert dx[0, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def test_a_product_over_its_channels_is_a_convolution():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 5))
    options = "kernel_size: 3 stride: 2 pad: 1 axis: 1"
    filler = "weight_filler { type: 'xavier' }"
    conv = make_layer("Convolution", x, spec=f"convolution_param {{ num_output: 4 {options} {filler} }}")
    W = conv.layer.params[0].data.reshape(4, -1)
    assert np.allclose(np.einsum("ok,nkij->noij", W, unroll(x, options).forward()[0]), conv.forward()[0])


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("", SpecError, "`kernel_size` is needed in `convolution_param` and is not set"),
        ("kernel_size: 1 axis: 4", ShapeError, "expected a channel axis within (1, 1, 3, 3), found axis: 4"),
        (
            "kernel_size: 4",
            ShapeError,
            "expected an image of at least the kernel's extent (4, 4) (pad (0, 0) counted), found (3, 3)",
        ),
    ],
)
def test_errors(options, error, says):
    with pytest.raises(error) as caught:
        unroll(X, options)
    assert str(caught.value) == says


def test_the_number_of_axes_stays():
    trial = unroll(X, "kernel_size: 2")
    trial.bottom[0].reshape(1, 3, 3)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == "expected 2 spatial axes after channel axis 1, found (1, 3, 3)"
