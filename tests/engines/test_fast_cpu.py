"""engines/fast_cpu.py computes what engines/plain.py computes, primitive by primitive."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cafe_edu.arrays.pooling import pool_size
from cafe_edu.arrays.windows import Window
from cafe_edu.engines import conv_cpu, fast_cpu, plain
from cafe_edu.errors import ShapeError

small = st.integers(1, 4)
pairs = st.tuples(small, small)
types = st.sampled_from([np.float32, np.float64])
TOLERANCE = {np.float32: 1e-4, np.float64: 1e-11}


def normal(seed, dtype, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def both(function, *arrays, **how):
    """Call a function of both engines on copies of the arrays; return (result, arrays) of each."""
    for engine in (plain, fast_cpu):
        mine = [None if a is None else a.copy() if isinstance(a, np.ndarray) else a for a in arrays]
        yield getattr(engine, function)(*mine, **how), mine


def same(dtype, *pair):
    np.testing.assert_allclose(*pair, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@st.composite
def geometries(draw):
    """A window, an image size that it fits, images, channels and groups."""
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    window = Window(kernel, stride, draw(st.tuples(st.integers(0, 2), st.integers(0, 2))), dilation)
    size = tuple(draw(st.integers(extent, extent + 9)) for extent in window.extent)
    group = draw(st.integers(1, 3))
    return window, size, draw(st.integers(1, 5)), group * draw(small), group * draw(small), group


@given(geometries(), types, st.sampled_from([40, 300, 2**18]), st.sampled_from([0, 0.3]), st.booleans())
def test_convolution(geometry, dtype, block, used, bias):
    """Whatever the cutting into blocks: rows of an image, whole images."""
    window, size, N, C, O, group = geometry
    out = window.conv_size(size)
    x, W = normal(1, dtype, N, C, *size), normal(2, dtype, O, C // group, *window.kernel)
    b, dy = normal(3, dtype, O) if bias else None, normal(4, dtype, N, O, *out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv_cpu, "BLOCK", block)
        patch.setattr(conv_cpu, "USED", used)
        nothing = np.full((N, O, *out), np.nan, dtype)
        (_, ours), (_, theirs) = both("conv_forward", x, W, b, window, group, nothing)
        same(dtype, theirs[5], ours[5])
        before = np.ones_like(W), np.ones(O, dtype), np.full_like(x, np.nan)  # added to, added to, overwritten
        (_, ours), (_, theirs) = both("conv_backward", x, W, dy, window, group, *before)
        for i in (5, 6, 7):
            same(dtype, theirs[i], ours[i])
        (_, ours), (_, theirs) = both("conv_backward", None, W, dy, window, group, None, None, before[2])
        same(dtype, theirs[7], ours[7])


@given(geometries(), types, st.booleans())
def test_pooling(geometry, dtype, ceil):
    window, size, N, C, _, _ = geometry
    pad = tuple(min(p, k - 1) for p, k in zip(window.pad, window.kernel, strict=True))
    window = Window(window.kernel, window.stride, pad, (1, 1))
    try:
        out = pool_size(size, window, ceil)
    except ShapeError:
        assume(False)
    x = np.round(normal(1, dtype, N, C, *size), 1)  # with ties: the first of equal ones counts
    nothing, dy, dx = np.full((N, C, *out), np.nan, dtype), normal(2, dtype, N, C, *out), np.full_like(x, np.nan)
    for want in (True, False):
        (ours, mine), (theirs, their) = both("max_forward", x, window, nothing, want)
        assert np.array_equal(mine[2], their[2])
        assert np.array_equal(ours, theirs) if want else ours is theirs is None
    index = plain.max_forward(x, window, nothing.copy(), True)
    (_, mine), (_, their) = both("max_backward", dy, index, window, dx)
    same(dtype, their[3], mine[3])
    (_, mine), (_, their) = both("ave_forward", x, window, nothing)
    same(dtype, their[2], mine[2])
    (_, mine), (_, their) = both("ave_backward", dy, window, dx)
    same(dtype, their[2], mine[2])


@pytest.mark.parametrize("count", [7, fast_cpu.FLAT + 3])  # not shared out, and shared out
def test_relu_and_the_step_downhill(count):
    x = normal(1, np.float32, count)
    x[:3] = np.nan, np.inf, 0
    (_, mine), (_, their) = both("relu_forward", x, np.empty_like(x), np.empty(count, bool))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(mine, their, strict=True))
    y = np.empty_like(x)
    fast_cpu.relu_forward(x, y, None)
    assert np.array_equal(y, mine[1], equal_nan=True)
    (_, mine), (_, their) = both("relu_backward", x, mine[2], np.empty_like(x))
    assert np.array_equal(mine[2], their[2], equal_nan=True)
    arrays = [normal(seed, np.float32, count) for seed in (2, 3, 4)]
    (_, mine), (_, their) = both("sgd_update", *arrays, scale=0.5, decay=0.1, momentum=0.9, rate=0.01)
    for a, b, before in zip(mine, their, arrays, strict=True):
        same(np.float32, b, a)
        assert not np.array_equal(a, before)
    arrays.append(normal(5, np.float32, count) ** 2)  # a mean of squares
    how = {"scale": 0.5, "decay": 0.1, "beta1": 0.9, "beta2": 0.99, "rate": 0.01, "delta": 1e-3}
    (_, mine), (_, their) = both("adam_update", *arrays, **how)
    for a, b, before in zip(mine, their, arrays, strict=True):
        same(np.float32, b, a)
        assert not np.array_equal(a, before)


def test_what_is_no_image_is_left_to_the_plain_engine():
    window = Window.square(3, axes=1)
    x, W, y = normal(1, np.float32, 2, 3, 9), normal(2, np.float32, 4, 3, 3), np.empty((2, 4, 7), np.float32)
    (_, mine), (_, their) = both("conv_forward", x, W, None, window, 1, y)
    assert np.array_equal(mine[5], their[5])


@pytest.mark.parametrize(
    ("rows", "inner", "columns"), [(3, 4, 5), (64, 80, 50), (1, 300, 400), (2, 500, 300), (0, 3, 4)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_products(rows, inner, columns, turned):
    a, b = normal(1, np.float32, rows, inner), normal(2, np.float32, inner, columns)
    if turned:  # as the weights of an inner product are
        a, b = np.asfortranarray(a), np.asfortranarray(b)
    (_, mine), (_, their) = both("product", a, b, np.full((rows, columns), np.nan, np.float32))
    same(np.float32, their[2], mine[2])
