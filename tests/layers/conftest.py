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

    The definition returns the list of tops. In float64 both must agree to the last digits, in float32 (``single``)
    to four; a float32 layer must stay one. The way back must have, along a random direction of each bottom and
    parameter, the slope that forward has.
    """
    rng = np.random.default_rng(0)
    trial = make_layer(name, *bottoms, spec=spec, tops=tops, phase=phase)
    params = [0.3 + rng.normal(size=blob.shape) for blob in trial.layer.params]
    for blob, values in zip(trial.layer.params, params, strict=True):
        blob.data = values
    for blob in trial.top:
        blob.data[...] = np.nan
    expected = definition(*bottoms, *params)
    found = trial.forward()
    assert [y.shape for y in found] == [np.shape(y) for y in expected]
    for mine, its in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-11)
    if single:
        _hold_single(name, bottoms, params, expected, spec=spec, tops=tops, phase=phase)
    if gradient:
        _hold_slopes(trial, rng)


def _hold_single(name, bottoms, params, expected, **how):
    trial = make_layer(name, *bottoms, dtype=np.float32, **how)
    for blob, values in zip(trial.layer.params, params, strict=True):
        blob.data = values
    for mine, its in zip(trial.forward(), expected, strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-5 * np.abs(its).max(initial=1))


def _hold_slopes(trial, rng):
    upstream = [rng.normal(size=blob.shape) for blob in trial.top]
    for blob in (*trial.bottom, *trial.layer.params):
        blob.diff = rng.normal(size=blob.shape)
    before = [blob.diff.copy() for blob in trial.layer.params]
    trial.forward()
    trial.backward(*upstream)
    slopes = [blob.diff.copy() for i, blob in enumerate(trial.bottom) if i not in trial.layer.no_gradient]
    slopes += [blob.diff - was for blob, was in zip(trial.layer.params, before, strict=True)]
    blobs = [blob for i, blob in enumerate(trial.bottom) if i not in trial.layer.no_gradient]
    for blob, slope in zip((*blobs, *trial.layer.params), slopes, strict=True):
        along, values = rng.uniform(-1, 1, blob.shape), blob.data.copy()
        ends = []
        for side in (STEP, -STEP):
            blob.data = values + side * along
            ends.append(sum((r * y).sum() for r, y in zip(upstream, trial.forward(), strict=True)))
        blob.data = values
        expected = (ends[0] - ends[1]) / (2 * STEP)
        assert np.isclose((slope * along).sum(), expected, rtol=1e-5, atol=1e-6 * (1 + abs(ends[0]))), blob.name
