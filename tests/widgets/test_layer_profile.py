"""widgets/layer_profile.py: the same numbers as from all activations at once."""

import numpy as np
import pytest

from cafe_edu.insight import features
from cafe_edu.widgets import layer_profile
from cafe_edu.widgets.layer_profile import profile


@pytest.mark.parametrize(("layer", "shape"), [("conv1", (20, 24, 24)), ("relu1", (500,))])
@pytest.mark.parametrize("batch", [1, 2**22])
def test_it_sums_up_all_activations(layer, shape, batch, lenet, digits, monkeypatch):
    monkeypatch.setattr(layer_profile, "BATCH", batch)
    images = digits[0][:7]
    found, a = profile(lenet, layer, images, shape), features(lenet, layer, images).reshape(7, shape[0], -1)
    np.testing.assert_allclose(found.mean, a.mean(axis=(0, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.spread, a.std(axis=(0, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.values, a.max(axis=2), atol=1e-6)
    assert np.array_equal(np.take_along_axis(a, found.places[..., np.newaxis], 2)[..., 0], a.max(axis=2))
    assert found.zeros == (a == 0).mean()
    assert found.never == (a.max(axis=(0, 2)) <= 0).sum()
    assert found.counts.sum() == a.size
    assert np.array_equal(found.counts, np.histogram(a, bins=60)[0])


def test_of_a_large_layer_some_places_are_counted(lenet, digits, monkeypatch):
    monkeypatch.setattr(layer_profile, "COUNTED", 700)
    found = profile(lenet, "conv1", digits[0][:7], (20, 24, 24))
    assert found.counts.sum() == 700
    assert found.edges[0] < found.mean.mean() < found.edges[-1]
