"""The loss around where a net stands, and the net where it stood."""

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import DataError, NetError, ShapeError
from cafe_edu.insight import loss_surface
from cafe_edu.insight.loss_surface import random_direction

SPEC = """
name: "line"
layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 6 dim: 3 } shape { dim: 6 dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 2 weight_filler { type: "gaussian" } bias_filler { type: "gaussian" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" loss_weight: 3 }
"""


@pytest.fixture
def line():
    net, rng = Net(SPEC, rng=0, dtype=np.float64), np.random.default_rng(1)
    net.forward(x=rng.normal(size=(6, 3)), t=rng.normal(size=(6, 2)))
    return net


def test_each_point_is_the_loss_there(line):
    rng = np.random.default_rng(2)
    d, e = ({"ip": rng.normal(size=(2, 3))} for _ in range(2))
    found = loss_surface(line, (d, e), span=2, n=5)
    x, t, W, b = line.blobs["x"].data, line.blobs["t"].data, *(blob.data for blob in line.params["ip"])
    assert found.a.tolist() == found.b.tolist() == [-2, -1, 0, 1, 2]
    for i, a in enumerate(found.a):
        for j, c in enumerate(found.b):
            y = x @ (W + a * d["ip"] + c * e["ip"]).T + b
            assert found.loss[i, j] == pytest.approx(3 * ((y - t) ** 2).sum() / 12)
    assert found.loss[2, 2] == pytest.approx(line.loss)


def test_the_net_stays_where_it_was(line, monkeypatch):
    before = [blob.data.tobytes() + blob.diff.tobytes() for blob in line.params["ip"]]
    loss_surface(line, n=3)
    assert [blob.data.tobytes() + blob.diff.tobytes() for blob in line.params["ip"]] == before
    times = []

    def stop(self, *args, **keywords):
        times.append(1)
        if len(times) == 4:
            raise KeyboardInterrupt
        return {}

    monkeypatch.setattr(Net, "forward", stop)
    with pytest.raises(KeyboardInterrupt):
        loss_surface(line, n=3)
    assert [blob.data.tobytes() + blob.diff.tobytes() for blob in line.params["ip"]] == before


def test_random_directions_are_as_long_as_the_filters(line):
    direction = random_direction(line, np.random.default_rng(0))
    assert list(direction) == ["ip"]
    W = line.params["ip"][0].data
    np.testing.assert_allclose(np.linalg.norm(direction["ip"], axis=1), np.linalg.norm(W, axis=1))
    one, two = (loss_surface(line, n=3, seed=seed).loss for seed in (0, 1))
    assert np.array_equal(one, loss_surface(line, n=3, seed=0).loss)
    assert not np.allclose(one, two)
    assert one[1, 1] == two[1, 1] == pytest.approx(line.loss)


def test_what_cannot_be(line, spot):
    with pytest.raises(NetError, match="net 'spot' has no loss; it has x, conv, relu, pool, ip, prob"):
        loss_surface(spot[0])
    with pytest.raises(NetError, match="no layer 'fc' with weights to move; there are ip"):
        loss_surface(line, ({"fc": np.zeros((2, 3))}, {}))
    with pytest.raises(ShapeError, match=r"expected a direction of shape \(2, 3\) for layer 'ip', found \(3, 2\)"):
        loss_surface(line, ({"ip": np.zeros((3, 2))}, {}))
    with pytest.raises(DataError, match="expected n of 1 or more points, found 0"):
        loss_surface(line, n=0)


def test_on_a_device(device):
    rng = np.random.default_rng(1)
    batch = {"x": rng.normal(size=(6, 3)), "t": rng.normal(size=(6, 2))}
    there, here = Net(SPEC, rng=0, device=device), Net(SPEC, rng=0)
    for net in (there, here):
        net.forward(**batch)
    np.testing.assert_allclose(loss_surface(there, n=3).loss, loss_surface(here, n=3).loss, rtol=1e-5)
