"""Hold: a layer against its definition, which the test writes as plain loops."""

import numpy as np
import pytest

from cafe_edu import make_layer

STEP = 1e-6


@pytest.fixture(scope="session")
def hold():
    """The function below; see there."""
    return _hold


def _hold(name, bottoms, definition, spec="", tops=1, gradient=True, phase="TRAIN", single=True):
    """Hold a layer's forward against ``definition(*bottoms, *params)``, and its backward against its forward.

    The definition returns the list of tops. In float64 both must agree to the last digits. The way back must have,
    along a random direction of each bottom and parameter, the slope that forward has. A float32 layer (``single``)
    must stay one and say the same, both ways, to three digits or more.
    """
    rng = np.random.default_rng(0)
    how = {"spec": spec, "tops": tops, "phase": phase}
    trial = make_layer(name, *bottoms, **how)
    params = [0.3 + rng.normal(size=blob.shape) for blob in trial.layer.params]
    _fill(trial, params)
    for blob in trial.top:
        blob.data[...] = np.nan  # all of it must be written
    expected = definition(*bottoms, *params)
    found = trial.forward()
    assert [y.shape for y in found] == [np.shape(y) for y in expected]
    for mine, its in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-11)

    upstream = [rng.normal(size=y.shape) for y in found]
    slopes = _slopes(trial, upstream, rng) if gradient else []
    if single:
        small = make_layer(name, *bottoms, dtype=np.float32, **how)
        _fill(small, params)
        for mine, its in zip(small.forward(), expected, strict=True):
            assert mine.dtype == np.float32
            np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-5 * np.abs(its).max(initial=1))
        for mine, its in zip(_backward(small, upstream) if gradient else [], slopes, strict=True):
            assert mine.dtype == np.float32
            np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-4 * np.abs(its).max(initial=1))
    for blob, slope in zip(_learning(trial), slopes, strict=bool(slopes)):
        along, values = rng.uniform(-1, 1, blob.shape), blob.data.copy()
        ends = []
        for side in (STEP, -STEP):
            blob.data = values + side * along
            ends.append(sum((r * y).sum() for r, y in zip(upstream, trial.forward(), strict=True)))
        blob.data = values
        slope = (slope * along).sum()
        assert np.isclose(slope, (ends[0] - ends[1]) / (2 * STEP), rtol=1e-5, atol=1e-6 * (1 + abs(ends[0]))), blob.name


def _fill(trial, params):
    for blob, values in zip(trial.layer.params, params, strict=True):
        blob.data = values


def _learning(trial):
    """The blobs that get a gradient."""
    takes = [blob for i, blob in enumerate(trial.bottom) if i not in trial.layer.no_gradient]
    return [*takes, *trial.layer.params]


def _slopes(trial, upstream, rng):
    """The gradients, from diffs that held something before: a bottom's is written over, a parameter's added to."""
    for blob in _learning(trial):
        blob.diff = rng.normal(size=blob.shape)
    before = [blob.diff.copy() for blob in trial.layer.params]
    slopes = _backward(trial, upstream)
    bottoms = len(slopes) - len(before)
    return slopes[:bottoms] + [after - was for after, was in zip(slopes[bottoms:], before, strict=True)]


def _backward(trial, upstream):
    trial.backward(*upstream)
    return [blob.diff.copy() for blob in _learning(trial)]
