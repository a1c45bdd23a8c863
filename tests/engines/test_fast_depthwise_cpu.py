"""engines/fast_depthwise_cpu.py computes what plain's convolution does where every channel is a group."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafe_edu.arrays.windows import Window
from cafe_edu.engines import conv_cpu, depthwise_loops_cpu, fast_cpu, plain
from cafe_edu.engines.fast_depthwise_cpu import depthwise_backward, depthwise_forward

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
TOLERANCE = {np.float32: 1e-4, np.float64: 1e-11}


def normal(seed, dtype, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@st.composite
def geometries(draw):
    """A window, an image size, images, channels, outputs of a channel."""
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    window = Window(kernel, draw(pairs), draw(st.tuples(st.integers(0, 2), st.integers(0, 2))), draw(pairs))
    size = tuple(max(1, e - 2 * p) + draw(st.integers(0, 9)) for e, p in zip(window.extent, window.pad, strict=True))
    return window, size, draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 2))


@settings(max_examples=150)
@given(geometries(), st.sampled_from([np.float32, np.float64]), st.booleans(), st.booleans())
def test_every_window(geometry, dtype, bias, chosen):
    window, size, N, C, M = geometry
    out = window.conv_size(size)
    x, W = normal(0, dtype, N, C, *size), normal(1, dtype, C * M, 1, *window.kernel)
    dy, same = normal(2, dtype, N, C * M, *out), dict.fromkeys(("rtol", "atol"), TOLERANCE[dtype])
    b = normal(3, dtype, C * M) if bias else None
    mine, theirs = np.full_like(dy, np.nan), np.full_like(dy, np.nan)
    depthwise_forward(x, W, b, window, mine)
    plain.conv_forward(x, W, b, window, C, theirs)
    np.testing.assert_allclose(mine, theirs, **same)
    found = []
    for backward in (depthwise_backward, lambda x, W, dy, window, *to: plain.conv_backward(x, W, dy, window, C, *to)):
        dW, db, dx = np.ones_like(W), np.ones(C * M, dtype) if bias else None, np.full_like(x, np.nan)
        backward(x, W, dy, window, dW, db, dx)
        found.append([array for array in (dW, db, dx) if array is not None])
        if chosen:  # only dx; then x is not there to be read
            backward(None, W, dy, window, None, None, dx)
            found[-1].append(dx)
            backward(x, W, dy, window, dW, None, None)
            found[-1].append(dW)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, **same)


def test_planes_longer_than_a_chunk():
    window = Window.square(3, pad=1)
    x, W = normal(0, np.float32, 1, 2, 70, 70), normal(1, np.float32, 2, 1, 3, 3)
    assert x[0, 0].size > int(depthwise_loops_cpu.CHUNK)
    found = []
    for engine in (fast_cpu, plain):
        y, dx, dW = np.full_like(x, np.nan), np.full_like(x, np.nan), np.zeros_like(W)
        engine.conv_forward(x, W, None, window, 2, y)
        engine.conv_backward(x, W, y, window, 2, dW, None, dx)
        found.append([y, dx, dW / 100])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_the_engine_takes_this_way(monkeypatch):
    calls = []
    monkeypatch.setattr(conv_cpu, "depthwise_forward", lambda *arrays: calls.append("forward"))
    monkeypatch.setattr(conv_cpu, "depthwise_backward", lambda *arrays: calls.append("backward"))
    x, W, window = normal(0, np.float32, 2, 3, 8, 8), normal(1, np.float32, 3, 1, 3, 3), Window.square(3, pad=1)
    fast_cpu.conv_forward(x, W, None, window, 3, np.empty_like(x))
    fast_cpu.conv_backward(x, W, x, window, 3, np.empty_like(W), None, np.empty_like(x))
    assert calls == ["forward", "backward"]


@pytest.mark.parametrize("hands", [1, 3])
def test_the_sums_do_not_depend_on_the_number_of_threads(hands, monkeypatch):
    from cafe_edu.engines import fast_depthwise_cpu
    from cafe_edu.engines.crew import Crew

    x, W, window = normal(0, np.float32, 4, 3, 9, 9), normal(1, np.float32, 3, 1, 3, 3), Window.square(3, pad=1)
    found = []
    for crew in (Crew(1), Crew(hands)):
        monkeypatch.setattr(fast_depthwise_cpu, "crew", lambda crew=crew: crew)
        dW, db, dx = np.zeros_like(W), np.zeros(3, np.float32), np.empty_like(x)
        depthwise_backward(x, W, x, window, dW, db, dx)
        found.append([dW, db, dx])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))
