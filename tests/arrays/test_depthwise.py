import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu.arrays import convolution, depthwise
from cafe_edu.arrays.convolution import conv_backward, conv_forward
from cafe_edu.arrays.depthwise import Lines, depthwise_backward, depthwise_forward, pays
from cafe_edu.arrays.loops import conv_loops
from cafe_edu.arrays.windows import Window


@st.composite
def geometries(draw):
    """A window, and the shapes of x and W of a depthwise convolution that go with it."""
    axes = draw(st.integers(1, 3))

    def each(least, most):
        return tuple(draw(st.integers(least, most)) for _ in range(axes))

    window = Window(each(1, 4 if axes < 3 else 2), each(1, 3), each(0, 2), each(1, 3))
    size = tuple(max(1, e - 2 * p) + draw(st.integers(0, 3)) for e, p in zip(window.extent, window.pad, strict=True))
    n, c, multiplier = draw(st.integers(0, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    return window, (n, c, *size), (c * multiplier, 1, *window.kernel)


def arrays(window, x, W, dtype=np.float64):
    """Random x, W and dy."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in (x, W, (x[0], W[0], *window.conv_size(x[2:])))]


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@settings(max_examples=60, deadline=None)
@given(geometries())
def test_forward_is_what_the_loops_say(dtype, rtol, geometry):
    window, x_shape, W_shape = geometry
    x, W, y = arrays(window, x_shape, W_shape, dtype)
    y[...] = np.nan
    depthwise_forward(x, W, window, y)
    expected = conv_loops(x, W, None, window, group=x_shape[1])
    assert y.dtype == dtype
    assert np.allclose(y, expected, rtol=rtol, atol=10 * rtol)


@settings(max_examples=80, deadline=None)
@given(geometries())
def test_backward_is_the_transpose_of_forward(geometry):
    """y is linear in x and in W: <dy, W * x'> is <dx, x'> for every x', <dy, W' * x> is <dW, W'> for every W'."""
    window, x_shape, W_shape = geometry
    x, W, dy = arrays(window, x_shape, W_shape)
    dW, dx = np.ones_like(W), np.full_like(x, np.nan)  # added to, overwritten
    depthwise_backward(x, W, dy, window, dW, dx)
    rng = np.random.default_rng(1)
    x2, W2 = rng.normal(size=x_shape), rng.normal(size=W_shape)
    for slope, direction, y in (
        (dx, x2, conv_loops(x2, W, None, window, x_shape[1])),
        (dW - 1, W2, conv_loops(x, W2, None, window, x_shape[1])),
    ):
        assert np.isclose((slope * direction).sum(), (dy * y).sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2])
def test_all_numbers_of_the_gradients(monkeypatch, stride):
    """Against the products of matrices, number for number, and not only along one direction."""
    window = Window.square(3, stride=stride, pad=1)
    x, W, dy = arrays(window, (2, 3, 7, 6), (6, 1, 3, 3))
    found = [np.zeros_like(W), np.empty_like(x)]
    depthwise_backward(x, W, dy, window, *found)
    monkeypatch.setattr(convolution, "pays", lambda *_: False)
    expected = [np.zeros_like(W), np.empty_like(x)]
    conv_backward(x, W, dy, window, 3, expected[0], None, expected[1])
    for a, b in zip(found, expected, strict=True):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-12)


def test_backward_makes_only_what_is_asked_for():
    window = Window.square(3, stride=2, pad=1)
    x, W, dy = arrays(window, (2, 3, 5, 6), (3, 1, 3, 3))
    both = [np.zeros_like(W), np.empty_like(x)]
    depthwise_backward(x, W, dy, window, *both)
    dW, dx = np.zeros_like(W), np.empty_like(x)
    depthwise_backward(x, W, dy, window, dW, None)
    depthwise_backward(None, W, dy, window, None, dx)
    assert np.array_equal(dW, both[0])
    assert np.array_equal(dx, both[1])


@pytest.mark.parametrize("block", [1, 200, 10**9])
def test_blocks_change_nothing(monkeypatch, block):
    window = Window.square(3, stride=2, pad=1)
    x, W, dy = arrays(window, (3, 4, 6, 5), (8, 1, 3, 3))
    results = []
    for numbers in (2**19, block):
        monkeypatch.setattr(depthwise, "BLOCK", numbers)
        y, dW, dx = np.empty_like(dy), np.zeros_like(W), np.empty_like(x)
        depthwise_forward(x, W, window, y)
        depthwise_backward(x, W, dy, window, dW, dx)
        results.append((y, dW, dx))
    for a, b in zip(*results, strict=True):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-12)


def test_infinities_at_the_end_of_a_row_do_not_reach_the_next():
    """A run goes on over the ends of rows; what it meets there must not come back."""
    x, W = np.zeros((1, 2, 3, 4)), np.ones((2, 1, 1, 2))
    x[0, :, 0, 3] = np.inf
    window, y = Window((1, 2), (1, 1), (0, 0), (1, 1)), np.empty((1, 2, 3, 3))
    depthwise_forward(x, W, window, y)
    assert y[0, 0].tolist() == [[0, 0, np.inf], [0, 0, 0], [0, 0, 0]]


def test_by_hand():
    x = np.array([[[[1.0, 2], [3, 4]], [[5.0, 6], [7, 8]]]])
    W = np.array([[[[1.0, 10]]], [[[0.0, -1]]]])
    y, window = np.empty((1, 2, 2, 1)), Window((1, 2), (1, 1), (0, 0), (1, 1))
    conv_forward(x, W, np.array([0.5, 0]), window, 2, y)
    assert y.tolist() == [[[[21.5], [43.5]], [[-6], [-8]]]]
    dW, db, dx = np.zeros_like(W), np.zeros(2), np.empty_like(x)
    conv_backward(x, W, np.array([[[[1.0], [2]], [[1.0], [0]]]]), window, 2, dW, db, dx)
    assert dW.tolist() == [[[[7, 10]]], [[[5, 6]]]]
    assert db.tolist() == [3, 1]
    assert dx.tolist() == [[[[1, 10], [2, 20]], [[0, -1], [0, 0]]]]


def test_a_stride_larger_than_the_kernel_leaves_inputs_out():
    x, W = np.ones((1, 2, 5, 5)), np.full((2, 1, 1, 2), 3.0)
    window, dx = Window((1, 2), (3, 3), (0, 0), (1, 1)), np.empty((1, 2, 5, 5))
    depthwise_backward(x, W, np.ones((1, 2, 2, 2)), window, None, dx)
    row = [3, 3, 0, 3, 3]
    assert dx[0, 1].tolist() == [row, [0] * 5, [0] * 5, row, [0] * 5]


@pytest.mark.parametrize(
    ("W", "group", "stride", "out", "expected"),
    [
        ((3, 1, 3, 3), 3, 1, (7, 7), True),
        ((6, 1, 3), 3, 2, (7,), True),
        ((6, 2, 3, 3), 3, 1, (7, 7), False),  # two channels in each group
        ((6, 1, 3, 3), 1, 1, (7, 7), False),  # one group
        ((3, 1), 3, 1, (), False),  # no place in the kernel but one
        ((3, 1, 1, 1), 3, 1, (7, 7), False),
        ((3, 1, 7, 7), 3, 1, (1, 1), False),  # the kernel as large as the image
        ((3, 1, 16, 16), 3, 8, (7, 7), False),  # 64 phases
    ],
)
def test_when_it_pays(W, group, stride, out, expected):
    assert (
        pays(np.zeros(W), Window(W[2:], (stride,) * len(out), *((v,) * len(out) for v in (0, 1))), out, group)
        == expected
    )


def test_lines_of_a_strided_window_are_cut_into_phases():
    lines = Lines((6, 6), (3, 3), Window.square(3, stride=2, pad=1))
    assert lines.rows == [4, 4]
    assert [sorted(phase.runs) for phase in lines.phases] == [[0, 2, 6, 8], [1, 7], [3, 5], [4]]
