"""engines/conv_cpu.py: convolution on lines, as plain.py has it; what is not a number too."""

import numpy as np
import pytest

from cafe_edu.arrays.windows import Window
from cafe_edu.engines import conv_cpu, crew, plain

SHAPES = [  # images, channels, size, outputs, window, groups
    (5, 3, (9, 11), 6, Window.square(3, pad=1), 1),
    (2, 4, (13, 13), 6, Window.square(5, stride=2, pad=2), 2),
    (1, 7, (20, 17), 5, Window.square(1), 1),
    (3, 6, (12, 8), 9, Window((3, 1), (1, 2), (2, 0), (2, 1)), 3),
    (7, 2, (8, 8), 4, Window.square(2, stride=3), 1),
]


def arrays(shape, dtype=np.float32):
    N, C, size, O, window, group = shape
    r = np.random.default_rng(1)
    x, W = r.normal(size=(N, C, *size)).astype(dtype), r.normal(size=(O, C // group, *window.kernel)).astype(dtype)
    return x, W, r.normal(size=O).astype(dtype), r.normal(size=(N, O, *window.conv_size(size))).astype(dtype)


def results(engine, shape, x, W, b, dy):
    window, group = shape[4:]
    y, dW, db, dx = np.full_like(dy, np.nan), np.ones_like(W), np.ones_like(b), np.full_like(x, np.nan)
    engine.conv_forward(x, W, b, window, group, y)
    engine.conv_backward(x, W, dy, window, group, dW, db, dx)
    return y, dW, db, dx


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.fixture
def nothing_left_to_plain(monkeypatch):
    def refuse(*_):
        raise AssertionError("the plain engine was asked")

    monkeypatch.setattr(conv_cpu, "plain", type("", (), {"conv_forward": refuse, "conv_backward": refuse}))
    monkeypatch.setattr(conv_cpu, "USED", 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hands", [1, 2, 5])
@pytest.mark.parametrize("block", [50, 2**17])
@pytest.mark.usefixtures("nothing_left_to_plain")
def test_any_cutting_gives_the_same(shape, dtype, hands, block, monkeypatch):
    """Into blocks of images, and of one image's rows."""
    monkeypatch.setattr(conv_cpu, "BLOCK", block)
    monkeypatch.setattr(conv_cpu, "HALVES", block)
    one = crew.Crew(hands)
    monkeypatch.setattr(conv_cpu, "crew", lambda: one)
    given = arrays(shape, dtype)
    same(results(conv_cpu, shape, *given), results(plain, shape, *given))


@pytest.mark.parametrize("hands", [1, 2, 3])
def test_the_same_sums_every_time(hands, monkeypatch):
    one = crew.Crew(hands)
    monkeypatch.setattr(conv_cpu, "crew", lambda: one)
    given = arrays(SHAPES[0])
    first = results(conv_cpu, SHAPES[0], *given)
    for _ in range(5):
        assert all(np.array_equal(a, b) for a, b in zip(first, results(conv_cpu, SHAPES[0], *given), strict=True))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("which", ["x", "W", "b", "dy"])
def test_what_is_not_finite_goes_where_plain_lets_it_go(shape, value, which):
    given = dict(zip(["x", "W", "b", "dy"], arrays(shape), strict=True))
    for place in (0, -1):  # the first number and the last: padding is near
        given[which].reshape(-1)[place] = value
    with np.errstate(invalid="ignore"):
        same(results(conv_cpu, shape, *given.values()), results(plain, shape, *given.values()))


def test_outputs_of_few_pixels_are_left_to_plain(monkeypatch):
    window, asked = Window.square(6), []
    x, W, y = np.ones((4, 3, 6, 6), np.float32), np.ones((2, 3, 6, 6), np.float32), np.empty((4, 2, 1, 1), np.float32)
    monkeypatch.setattr(conv_cpu.plain, "conv_forward", lambda *arguments: asked.append(arguments))
    conv_cpu.conv_forward(x, W, None, window, 1, y)
    assert len(asked) == 1
