"""engines/fast_normalization_cpu.py computes what engines/plain.py computes, primitive by primitive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu.engines import fast_cpu, fast_normalization_cpu, plain

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}
lengths = st.integers(1, 5)
types = st.sampled_from([np.float32, np.float64])
shapes = st.tuples(lengths, lengths, st.sampled_from([1, 7, 8, 9, 33, 2000]))  # short, loops, shared out


def normal(seed, dtype, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def nothing(like):
    return np.full_like(like, np.nan)


def same(mine, theirs):
    np.testing.assert_allclose(mine, theirs, rtol=TOLERANCE[mine.dtype.type], atol=TOLERANCE[mine.dtype.type])


@given(shapes, types, st.booleans(), st.booleans())
def test_batch_norm(shape, dtype, in_place, keep):
    x, found = normal(0, dtype, *shape) * 3 + 5, []
    for engine in (fast_cpu, plain):
        mine = x.copy()
        y, kept = mine if in_place else nothing(x), nothing(x) if keep else None
        stats = engine.batch_norm_forward(mine, 1e-3, y, kept)
        found.append([*stats, y, y if kept is None else kept])
    for one, other in zip(*found, strict=True):
        assert one.dtype == dtype
        same(one, other)
    assert np.array_equal(found[0][3], found[0][4])
    mean, _, std = found[1][:3]
    same(std, np.sqrt(x.var(axis=(0, 2)) + dtype(1e-3)))
    results = []
    for engine in (fast_cpu, plain):
        mine = x.copy()
        y, kept = mine if in_place else nothing(x), nothing(x) if keep else None
        engine.normalize(mine, mean, std, y, kept)
        results.append([y, y if kept is None else kept])
    for one, other in zip(*results, strict=True):
        same(one, other)


@given(shapes, types, st.booleans())
def test_batch_norm_backward(shape, dtype, in_place):
    y, dy, std, found = normal(0, dtype, *shape), normal(1, dtype, *shape), normal(2, dtype, shape[1]) ** 2 + 1, []
    for engine in (fast_cpu, plain):
        mine = dy.copy()
        dx = mine if in_place else nothing(dy)
        engine.batch_norm_backward(mine, y, std, dx)
        found.append(dx)
    same(*found)


def test_the_variance_of_numbers_far_from_zero():
    """Taken around the mean: squares of the numbers themselves would leave nothing of it in float32."""
    x = np.float32(1e4) + normal(0, np.float32, 16, 3, 64)
    _, variance, _ = fast_cpu.batch_norm_forward(x, 0.0, nothing(x), None)
    np.testing.assert_allclose(variance, x.astype(np.float64).var(axis=(0, 2)), rtol=1e-4)


@given(shapes, types, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_scale(shape, dtype, in_place, with_s, with_b, keep):
    x, s, b = normal(0, dtype, *shape), normal(1, dtype, shape[1]), normal(2, dtype, shape[1])
    s, b = s if with_s or not with_b else None, b if with_b else None
    found = []
    for engine in (fast_cpu, plain):
        mine = x.copy()
        y, kept = mine if in_place else nothing(x), nothing(x) if keep and s is not None else None
        engine.scale_forward(mine, s, b, y, kept)
        found.append(y)
        assert kept is None or np.array_equal(kept, x)
    same(*found)


@given(shapes, types, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_scale_backward(shape, dtype, in_place, want_ds, want_db, want_dx):
    x, dy, s, found = normal(0, dtype, *shape), normal(1, dtype, *shape), normal(2, dtype, shape[1]), []
    for engine in (fast_cpu, plain):
        mine = dy.copy()
        ds, db = (np.ones(shape[1], dtype) if wanted else None for wanted in (want_ds, want_db))  # are added to
        dx = None if not want_dx else mine if in_place else nothing(dy)
        engine.scale_backward(mine, x if want_ds else None, s if want_dx else None, ds, db, dx)
        found.append([array for array in (ds, db, dx) if array is not None])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4 if dtype == np.float32 else 1e-11, atol=1e-4)


@given(
    st.tuples(lengths, st.integers(1, 9), lengths, st.sampled_from([1, 5, 500])),
    types, st.sampled_from([1, 3, 5]), st.sampled_from([(1,), (2, 3)]), st.sampled_from([0.75, 0.5]),
)  # fmt: skip
def test_lrn(shape, dtype, size, axes, beta):
    x, dy, found = normal(0, dtype, *shape), normal(1, dtype, *shape), []
    for engine in (fast_cpu, plain):
        y, dx = nothing(x), nothing(x)
        kept = engine.lrn_forward(x, size, axes, 0.5, beta, 2.0, y)
        engine.lrn_backward(x, dy, kept, size, axes, 0.5, beta, dx)
        found.append([y, dx])
    for one, other in zip(*found, strict=True):
        same(one, other)


def test_nan_and_infinity_go_through():
    x = normal(0, np.float32, 2, 3, 16)
    x[0, 1, 3], x[1, 2, 4] = np.nan, np.inf
    y, s, b = nothing(x), np.ones(3, np.float32), np.zeros(3, np.float32)
    with np.errstate(invalid="ignore"):
        fast_cpu.scale_forward(x, s, b, y, None)
        assert np.array_equal(y, x, equal_nan=True)
        mean, variance, _ = fast_cpu.batch_norm_forward(x, 1e-5, y, None)
    assert np.isfinite(mean[0])
    assert np.isnan(mean[1])
    assert mean[2] == np.inf
    assert np.isnan(variance[1:]).all()


@pytest.mark.parametrize("hands", [1, 2, 3])
def test_the_numbers_do_not_depend_on_the_number_of_threads(hands, monkeypatch):
    from cafe_edu.engines.crew import Crew

    x, dy = normal(0, np.float32, 4, 6, 1000), normal(1, np.float32, 4, 6, 1000)

    def run():
        y, dx, sums = nothing(x), nothing(x), [np.zeros(6, np.float32) for _ in range(2)]
        stats = fast_cpu.batch_norm_forward(x, 1e-5, y, None)
        fast_cpu.batch_norm_backward(dy, y, stats[2], dx)
        fast_cpu.scale_backward(dy, x, stats[0], *sums, None)
        return [*stats, y, dx, *sums]

    monkeypatch.setattr(fast_normalization_cpu, "crew", lambda: Crew(1))
    alone = run()
    monkeypatch.setattr(fast_normalization_cpu, "crew", lambda: Crew(hands))
    assert all(np.array_equal(a, b) for a, b in zip(alone, run(), strict=True))


def test_channels_without_numbers():
    x = np.empty((0, 3, 16), np.float32)
    fast_cpu.scale_forward(x, np.ones(3, np.float32), None, x.copy(), None)
    ds = np.ones(3, np.float32)
    fast_cpu.scale_backward(x, x, ds, ds, None, x.copy())
    assert ds.tolist() == [1, 1, 1]
    fast_cpu.lrn_forward(x.reshape(0, 3, 4, 4), 5, (1,), 1.0, 0.75, 1.0, np.empty((0, 3, 4, 4), np.float32))
