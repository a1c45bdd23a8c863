"""The images that a unit likes, and the place where."""

import numpy as np
import pytest

from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight import top_images


@pytest.fixture
def images():
    """Ten images with a spot each, brighter and brighter in a shuffled order, at known places."""
    rng = np.random.default_rng(4)
    order, places = rng.permutation(10), rng.integers(1, 11, (10, 2))
    images = np.zeros((10, 1, 12, 12), np.float32)
    for i, (rank, (y, x)) in enumerate(zip(order, places, strict=True)):
        images[i, 0, y - 1 : y + 2, x - 1 : x + 2] = 0.5 + 0.05 * rank
    return images, np.argsort(-order), places


@pytest.mark.parametrize("batch", [3, 32])
def test_strongest_first_with_place_and_crop(spot, images, batch):
    net, _ = spot
    images, order, places = images
    top = top_images(net, "conv", 0, images, n=4, batch=batch)
    assert (top.layer, top.unit) == ("conv", 0)
    assert top.indexes.tolist() == order[:4].tolist()
    assert top.positions.tolist() == places[order[:4]].tolist()
    brightest = images[order[:4]].reshape(4, -1).max(axis=1)
    np.testing.assert_allclose(top.values, brightest - 0.3, rtol=1e-5)
    for crop, value in zip(top.crops, brightest, strict=True):
        np.testing.assert_allclose(crop, np.full((1, 3, 3), value))  # the spot and nothing else


def test_of_a_layer_without_places_the_crop_is_all(spot, images):
    net, _ = spot
    images, *_ = images
    top = top_images(net, "ip", 1, images, n=2)
    assert top.positions.tolist() == [[0, 0], [0, 0]]
    assert np.array_equal(top.crops[0], images[top.indexes[0]])


def test_more_are_asked_for_than_there_are(spot, images):
    assert len(top_images(spot[0], "conv", 0, images[0], n=99).indexes) == 10


def test_what_cannot_be(spot, images):
    net, images = spot[0], images[0]
    with pytest.raises(ShapeError, match=r"expected a unit from 0 to 1 of layer 'conv' \(2, 2, 12, 12\), found 7"):
        top_images(net, "conv", 7, images)
    with pytest.raises(NetError, match="net 'spot' has no layer 'conv7'; it has x, conv, relu, pool, ip, prob"):
        top_images(net, "conv7", 0, images)
    with pytest.raises(ShapeError, match="expected n of 1 or more, found 0"):
        top_images(net, "conv", 0, images, n=0)
    with pytest.raises(ShapeError, match=r"expected images \(N, 1, 12, 12\), at least one, found \(10, 12, 12\)"):
        top_images(net, "conv", 0, images[:, 0])
