import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu.arrays import convolution
from cafe_edu.arrays.convolution import col2im, conv_backward, conv_forward, im2col
from cafe_edu.arrays.loops import conv_loops
from cafe_edu.arrays.windows import Window

FLOATS = [(np.float32, 1e-5), (np.float64, 1e-12)]


@st.composite
def geometries(draw):
    """A window, a group count and the shapes of x and W that go with them."""
    axes = draw(st.integers(1, 3))

    def each(least, most):
        return tuple(draw(st.integers(least, most)) for _ in range(axes))

    window = Window(each(1, 3), each(1, 3), each(0, 2), each(1, 2))
    size = tuple(max(1, e - 2 * p) + draw(st.integers(0, 2)) for e, p in zip(window.extent, window.pad, strict=True))
    group, c, o = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    x = (draw(st.integers(0, 2)), group * c, *size)
    return window, group, x, (group * o, c, *window.kernel)


def arrays(x, W, window, dtype=np.float64):
    """Random x, W, b and dy."""
    rng = np.random.default_rng(0)
    y = (x[0], W[0], *window.conv_size(x[2:]))
    return [rng.normal(size=shape).astype(dtype) for shape in (x, W, W[:1], y)]


def near(a, b, rtol):
    return np.allclose(a, b, rtol=rtol, atol=rtol * (1 + np.abs(b).max(initial=0)))


@pytest.mark.parametrize(("dtype", "rtol"), FLOATS)
@settings(max_examples=40, deadline=None)
@given(geometries())
def test_forward_is_what_the_loops_say(dtype, rtol, geometry):
    window, group, x_shape, W_shape = geometry
    x, W, b, y = arrays(x_shape, W_shape, window, dtype)
    conv_forward(x, W, b, window, group, y)
    assert y.dtype == dtype
    assert near(y, conv_loops(x, W, b, window, group), rtol)
    conv_forward(x, W, None, window, group, y)
    assert near(y, conv_loops(x, W, None, window, group), rtol)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-4), (np.float64, 1e-10)])
@settings(max_examples=40, deadline=None)
@given(geometries())
def test_backward_is_the_slope_of_forward(dtype, rtol, geometry):
    """Convolution is linear in x, in W and in b, so a difference of any width is its exact slope."""
    window, group, x_shape, W_shape = geometry
    x, W, b, dy = arrays(x_shape, W_shape, window, dtype)
    dW, db, dx = np.ones_like(W), np.ones_like(b), np.full_like(x, np.nan)  # added to, added to, overwritten
    conv_backward(x, W, dy, window, group, dW, db, dx)

    def loss(x, W, b):
        y = np.empty(dy.shape)
        conv_forward(x.astype(float), W.astype(float), b.astype(float), window, group, y)
        return (dy * y).sum()

    rng = np.random.default_rng(1)
    for i, slope in enumerate((dx, dW - 1, db - 1)):
        low, high = [x, W, b], [x, W, b]
        direction = rng.normal(size=slope.shape)
        low[i], high[i] = low[i] - direction, high[i] + direction
        expected = (loss(*high) - loss(*low)) / 2
        assert near((slope * direction).sum(), expected, rtol * max(1, slope.size))


def test_backward_makes_only_what_is_asked_for():
    window = Window.square(2)
    x, W, b, dy = arrays((2, 2, 4, 3), (3, 2, 2, 2), window)
    all_dW, db, dx = np.zeros_like(W), np.zeros_like(b), np.empty_like(x)
    conv_backward(x, W, dy, window, 1, all_dW, db, dx)
    dW = np.zeros_like(W)
    conv_backward(x, W, dy, window, 1, dW, None, None)
    assert np.array_equal(dW, all_dW)


@settings(max_examples=60, deadline=None)
@given(geometries())
def test_col2im_is_the_transpose_of_im2col(geometry):
    window, _, (n, c, *size), _ = geometry
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, c, *size, n))
    cols = im2col(x, window, window.conv_size(size)).copy()
    c, back = rng.normal(size=cols.shape), np.full_like(x, np.nan)
    col2im(c, window, back)
    assert np.isclose((cols * c).sum(), (x * back).sum())


def test_im2col_by_hand():
    x = np.arange(1.0, 5).reshape(1, 1, 2, 2, 1)  # 1 2 / 3 4
    cols = im2col(x, Window.square(2, pad=1, stride=2), (2, 2)).reshape(4, 4)
    assert cols.tolist() == [[0, 0, 0, 4], [0, 0, 3, 0], [0, 2, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("small", [0, 10**9])
@pytest.mark.parametrize("chunk", [1, 150, 10**9])
def test_chunks_and_layouts_change_nothing(monkeypatch, chunk, small, group, kernel):
    window = Window.square(kernel, stride=(kernel + 1) // 2, pad=kernel // 2)
    x, W, b, dy = arrays((7, 4, 6, 5), (6, 4 // group, kernel, kernel), window)
    y, dW, db, dx = np.empty_like(dy), np.zeros_like(W), np.zeros_like(b), np.empty_like(x)
    conv_forward(x, W, b, window, group, y)
    conv_backward(x, W, dy, window, group, dW, db, dx)
    monkeypatch.setattr(convolution, "CHUNK", chunk)
    monkeypatch.setattr(convolution, "SMALL", small)
    again = [np.empty_like(y), np.zeros_like(W), np.zeros_like(b), np.empty_like(x)]
    conv_forward(x, W, b, window, group, again[0])
    conv_backward(x, W, dy, window, group, *again[1:])
    for a, b in zip(again, (y, dW, db, dx), strict=True):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("pad", [0, 1])
def test_a_window_of_one_place(group, stride, pad):
    window = Window.square(1, stride=stride, pad=pad)
    x, W, b, y = arrays((3, 4, 4, 5), (6, 4 // group, 1, 1), window)
    conv_forward(x, W, b, window, group, y)
    assert np.allclose(y, conv_loops(x, W, b, window, group))


def test_a_convolution_may_have_no_spatial_axes():
    x, W = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 10]])
    y = np.empty((2, 1))
    conv_forward(x, W, None, Window.square(1, axes=0), 1, y)
    assert y.tolist() == [[21], [43]]


@pytest.mark.parametrize("size", [(5, 6), (20, 21)])
@pytest.mark.parametrize("window", [Window.square(3, stride=2, pad=1), Window.square(1)])
def test_the_gradient_of_the_input_needs_no_input(size, window):
    """This is what Deconvolution's forward is made of."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(3, 4, *size)), rng.normal(size=(6, 2, *window.kernel))
    dy = rng.normal(size=(3, 6, *window.conv_size(size)))
    both, alone = np.empty_like(x), np.empty_like(x)
    conv_backward(x, W, dy, window, 2, np.zeros_like(W), None, both)
    conv_backward(None, W, dy, window, 2, None, None, alone)
    assert np.array_equal(alone, both)
