import os

import lmdb
import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.data.datum import datum_to_array
from cafe_edu.data.lmdb_db import LmdbReader
from cafe_edu.errors import DataError, NetError, SpecError
from cafe_edu.proto.caffe_pb2 import Datum
from cafe_edu.tools.extract_features import extract_features

NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 3 dim: 2 dim: 2 dim: 1 }
  data_filler { type: "uniform" } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 5 } }
layer { name: "sum" type: "Reduction" bottom: "y" top: "all" reduction_param { axis: 1 } }
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    Net("net.prototxt").save("net.caffemodel")


def raw(path):
    with lmdb.open(str(path), readonly=True, lock=False) as environment, environment.begin() as transaction:
        return list(transaction.cursor())


def test_as_caffe(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    lenet = shared / "oracle/lenet"
    counts = extract_features(
        lenet / "lenet_tiny_iter_300.caffemodel", lenet / "lenet_tiny_train_test.prototxt", ["ip1"], [tmp_path / "f"], 2
    )
    found, expected = raw(tmp_path / "f"), raw(lenet / "feat_ip1_lmdb")
    assert counts == {"ip1": len(expected)}
    assert [key for key, _ in found] == [key for key, _ in expected]
    for (_, a), (_, b) in zip(found, expected, strict=True):
        mine, caffes = Datum.FromString(a), Datum.FromString(b)
        np.testing.assert_allclose(mine.float_data, caffes.float_data, rtol=1e-4, atol=1e-5)
        mine.ClearField("float_data"), caffes.ClearField("float_data")
        assert mine.SerializeToString() == caffes.SerializeToString()  # the other fields: the same ones, no others


def test_several_blobs_item_by_item(net):
    counts = extract_features("net.caffemodel", "net.prototxt", ["y", "x", "all"], ["ys", "xs", "sums"], 4)
    assert counts == {"y": 12, "x": 12, "all": 12}
    shapes = {}
    for path in ("ys", "xs", "sums"):
        with LmdbReader(path) as reader:
            items = list(reader)
        assert [key for key, _ in items] == [b"%010d" % i for i in range(12)]
        shapes[path] = datum_to_array(items[0][1]).shape
        assert not items[0][1].HasField("label")
    assert shapes == {"ys": (5, 1, 1), "xs": (2, 2, 1), "sums": (1, 1, 1)}


def test_none_appears_where_one_fails(net):
    os.mkdir("xs")
    with pytest.raises(DataError, match="xs is there already"):
        extract_features("net.caffemodel", "net.prototxt", ["y", "x"], ["ys", "xs"], 1)
    assert sorted(os.listdir(".")) == ["net.caffemodel", "net.prototxt", "xs"]


def test_an_unknown_blob(net):
    with pytest.raises(NetError, match="no blob 'fc7' in net ''; there are x, "):
        extract_features("net.caffemodel", "net.prototxt", ["fc7"], ["db"], 1)


def test_a_database_too_few(net):
    with pytest.raises(SpecError, match="expected one database for each blob, found 2 blobs and 1 databases"):
        extract_features("net.caffemodel", "net.prototxt", ["x", "y"], ["db"], 1)


def test_no_batch(net):
    with pytest.raises(SpecError, match="expected 1 batch or more, found 0"):
        extract_features("net.caffemodel", "net.prototxt", ["x"], ["db"], 0)


def test_the_log_and_the_bar(net, caplog, capsys):
    with caplog.at_level("INFO", "cafe_edu"):
        extract_features("net.caffemodel", "net.prototxt", ["y"], ["db"], 2, progress=True)
    assert caplog.messages == [
        "Extracting Features",
        "Extracted features of 6 query images for feature blob y",
        "Successfully extracted the features!",
    ]
    assert "extracting: 100%" in capsys.readouterr().err
