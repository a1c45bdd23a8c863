import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cafe_edu.arrays.loops import pool_loops
from cafe_edu.arrays.pooling import ave_backward, ave_forward, mask_of, max_backward, max_forward, pool_size
from cafe_edu.arrays.windows import Window
from cafe_edu.errors import ShapeError


@st.composite
def windows(draw):
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    pad = draw(st.integers(0, kernel[0] - 1)), draw(st.integers(0, kernel[1] - 1))
    return Window(kernel, (draw(st.integers(1, 5)), draw(st.integers(1, 5))), pad, (1, 1))


def pooled(x_shape, window, ceil):
    """The output's size; geometries that pool_size refuses are left out."""
    try:
        return pool_size(x_shape[2:], window, ceil)
    except ShapeError:
        assume(False)


SHAPE = st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(1, 7), st.integers(1, 7))
geometry = settings(max_examples=60, deadline=None)


@geometry
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(0, 3), st.booleans())
def test_pool_size_counts_windows_that_see_something(n, k, s, p, ceil):
    assume(p < k)
    window = Window.square(k, stride=s, pad=p, axes=1)
    starts = [i * s - p for i in range(20)]
    count = sum(start + k <= n + p for start in starts)  # windows wholly inside
    if ceil and starts[count] + k - s < n + p:
        count += 1  # and one that hangs over the edge by less than a step
    if p and count and starts[count - 1] >= n:
        count -= 1
    if count == 0 or starts[count - 1] >= n:
        with pytest.raises(ShapeError):
            pool_size((n,), window, ceil)
    else:
        assert pool_size((n,), window, ceil) == (count,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["MAX", "AVE"])
@geometry
@given(SHAPE, windows(), st.booleans())
def test_forward_is_what_the_loops_say(kind, dtype, shape, window, ceil):
    out = pooled(shape, window, ceil)
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    y = np.full((*shape[:2], *out), np.nan, dtype)
    if kind == "MAX":
        max_forward(x, window, y, want_index=False)
    else:
        ave_forward(x, window, y)
    assert y.dtype == dtype
    assert np.allclose(y, pool_loops(x, window, out, kind), rtol=1e-5)


@geometry
@given(SHAPE, windows(), st.booleans())
def test_the_mask_says_where_the_first_largest_stands(shape, window, ceil):
    out = pooled(shape, window, ceil)
    x = np.random.default_rng(0).integers(0, 3, shape).astype(float)  # many are equal
    y = np.empty((*shape[:2], *out))
    mask = mask_of(max_forward(x, window, y, want_index=True), window, shape[2:])
    for at in np.ndindex(*y.shape):
        n, c, i, j = at
        (kh, kw), (sh, sw), (ph, pw) = window.kernel, window.stride, window.pad
        rows = [r for r in range(i * sh - ph, i * sh - ph + kh) if 0 <= r < shape[2]]
        columns = [q for q in range(j * sw - pw, j * sw - pw + kw) if 0 <= q < shape[3]]
        seen = [r * shape[3] + q for r in rows for q in columns]
        assert mask[at] == max(seen, key=lambda place: (x[n, c].flat[place], -place))


@geometry
@given(SHAPE, windows(), st.booleans())
def test_max_backward_sends_each_gradient_to_its_largest(shape, window, ceil):
    out = pooled(shape, window, ceil)
    rng = np.random.default_rng(0)
    x, dx = rng.normal(size=shape), np.full(shape, np.nan)
    y, dy = np.empty((*shape[:2], *out)), rng.normal(size=(*shape[:2], *out))
    index = max_forward(x, window, y, want_index=True)
    max_backward(dy, index, window, dx)
    expected = np.zeros((*shape[:2], math.prod(shape[2:])))
    mask = mask_of(index, window, shape[2:])
    for n, c in np.ndindex(*shape[:2]):
        np.add.at(expected[n, c], mask[n, c], dy[n, c])
    assert np.allclose(dx, expected.reshape(shape))


@geometry
@given(SHAPE, windows(), st.booleans())
def test_ave_backward_is_the_transpose_of_forward(shape, window, ceil):
    out = pooled(shape, window, ceil)
    rng = np.random.default_rng(0)
    x, dx = rng.normal(size=shape), np.full(shape, np.nan)
    y, dy = np.empty((*shape[:2], *out)), rng.normal(size=(*shape[:2], *out))
    ave_forward(x, window, y)
    ave_backward(dy, window, dx)
    assert np.isclose((dy * y).sum(), (dx * x).sum())


def test_a_kernel_of_more_than_256_places_keeps_its_places_apart():
    x = np.zeros((1, 1, 17, 17))
    x[0, 0, 16, 16] = 1
    y, dx = np.empty((1, 1, 1, 1)), np.empty_like(x)
    index = max_forward(x, Window.square(17), y, want_index=True)
    assert index.item() == 288
    max_backward(y, index, Window.square(17), dx)
    assert np.array_equal(dx, x)


@pytest.mark.parametrize("kind", ["MAX", "AVE"])
def test_a_kernel_larger_than_the_image_by_less_than_a_step(kind):
    """3 x 3 in steps of 2 over 2 x 2: Caffe's size is ceil(-1/2) + 1 = 1, and the mean is that of the four inputs."""
    window, x = Window.square(3, stride=2), np.array([[[[1.0, 2], [3, 6]]]])
    assert pool_size((2, 2), window) == (1, 1)
    y = np.empty((1, 1, 1, 1))
    max_forward(x, window, y, False) if kind == "MAX" else ave_forward(x, window, y)
    assert y.item() == {"MAX": 6, "AVE": 3}[kind]
    with pytest.raises(ShapeError, match="expected an image of at least the kernel's size 3"):
        pool_size((2, 2), window, ceil=False)


def test_an_image_smaller_than_the_kernel_is_refused():
    with pytest.raises(ShapeError) as error:
        pool_size((4, 2), Window.square(5, pad=1))
    assert str(error.value) == ("expected an image of at least the kernel's size 5 (pad 1 counted), found 2 in (4, 2)")


def test_a_window_that_sees_nothing_is_refused():
    with pytest.raises(ShapeError) as error:
        pool_size((9, 10), Window.square(2, stride=3))
    assert str(error.value) == (
        "the last of 4 windows (kernel 2, stride 3) starts outside the 9 inputs of (9, 10); "
        "use a stride of at most 2 or round_mode: FLOOR"
    )
