"""A row for each image."""

import numpy as np
import pytest

from cafe_edu.errors import NetError, ShapeError
from cafe_edu.insight import features


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_rows_are_what_the_layer_makes(spot, batch):
    net, image = spot
    images = np.stack([image * k for k in range(7)])
    rows = features(net, "relu", images, batch)
    net.forward(x=images)
    assert rows.shape == (7, 2 * 12 * 12)
    np.testing.assert_allclose(rows, net.blobs["conv"].data.reshape(7, -1), rtol=1e-6)


def test_what_cannot_be(spot):
    net, image = spot
    with pytest.raises(NetError, match="net 'spot' has no layer 'fc'; it has x, conv, relu, pool, ip, prob"):
        features(net, "fc", image[None])
    with pytest.raises(ShapeError, match=r"expected images \(N, 1, 12, 12\), at least one, found \(1, 12, 12\)"):
        features(net, "conv", image)
    with pytest.raises(ShapeError, match=r"at least one, found \(0, 1, 12, 12\)"):
        features(net, "conv", np.zeros((0, 1, 12, 12)))
