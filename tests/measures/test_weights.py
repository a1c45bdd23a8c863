import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.errors import NetError, WeightsError
from cafe_edu.measures.weights import earlier, weight_change, weight_norms

SPEC = """
name: "two"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param { num_output: 2 } }
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" inner_product_param { num_output: 1 bias_term: false } }
"""


@pytest.fixture
def net():
    net = Net(SPEC)
    net.params["a"][0].data = [[3, 0], [0, 0]]
    net.params["a"][1].data = [4, 0]
    return net


def test_norms(net):
    rows = weight_norms(net)
    assert [(row.layer, row.index, row.shape, row.norm) for row in rows] == [
        ("a", 0, (2, 2), 3), ("a", 1, (2,), 4), ("b", 0, (1, 2), 0),
    ]  # fmt: skip
    assert rows[0].rms == 1.5


@pytest.mark.parametrize("way", ["arrays", "blobs", "net", "caffemodel", "hdf5"])
def test_a_change_over_all_parameters_of_a_layer(net, way, tmp_path):
    other = Net(SPEC)
    other.params["a"][0].data = [[3, 0], [0, 0.3]]
    other.params["a"][1].data = [4, 0.4]
    before = {
        "arrays": {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()},
        "blobs": net.params,
        "net": net,
        "caffemodel": tmp_path / "before.caffemodel",
        "hdf5": str(tmp_path / "before.caffemodel.h5"),
    }[way]
    if way in ("caffemodel", "hdf5"):
        net.save(before)
    a, b = weight_change(other, before)
    assert (a.layer, a.before, a.moved) == ("a", 5, pytest.approx(0.5))
    assert a.relative == pytest.approx(0.1)
    assert b.layer == "b"
    assert np.isnan(b.relative)


def test_only_layers_that_both_have(net):
    assert [row.layer for row in weight_change(net, {"b": [np.ones((1, 2))], "c": [np.ones(3)]})] == ["b"]


def test_four_axes_as_files_of_2014_wrote_them(net):
    assert earlier(net, {"b": [np.ones((1, 1, 1, 2))]})["b"][0].shape == (1, 2)


def test_what_does_not_fit(net, tmp_path):
    with pytest.raises(WeightsError, match="the weights before: expected layers of the net, a, b; found c"):
        weight_change(net, {"c": [np.ones(3)]})
    with pytest.raises(WeightsError, match=r"shapes \[\(1, 2\)\], found \[\(2, 1\)\]"):
        weight_change(net, {"b": [np.ones((2, 1))]})
    with pytest.raises(WeightsError, match=r"'b': expected parameters of shapes \[\(1, 2\)\], found \[\]"):
        weight_change(net, {"b": []})
    with pytest.raises(WeightsError, match=r"none\.caffemodel"):
        weight_change(net, tmp_path / "none.caffemodel")
    bare = Net('name: "bare" layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }')
    with pytest.raises(NetError, match="net 'bare' has no layer with parameters; it has x"):
        weight_norms(bare)
