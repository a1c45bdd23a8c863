import numpy as np
import pytest

from cafe_edu.arrays.normalization import ignored, normalization, normalizer
from cafe_edu.proto import caffe_pb2


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "BATCH_SIZE"),
        ({"normalize": True}, "VALID"),
        ({"normalize": False}, "BATCH_SIZE"),
        ({"normalization": "NONE"}, "NONE"),
        ({"normalize": False, "normalization": "FULL"}, "FULL"),
    ],
)
def test_which_way(options, kind):
    assert normalization(caffe_pb2.LossParameter(**options), default="BATCH_SIZE") == kind


@pytest.mark.parametrize("kind", ["VALID", "FULL", "BATCH_SIZE", "NONE"])
def test_never_less_than_one(kind):
    Z = normalizer(kind, np.zeros((0, 3), bool), np.float32)
    assert Z == 1
    assert Z.dtype == np.float32


def test_label_zero_can_be_ignored():
    assert ignored(caffe_pb2.LossParameter(ignore_label=0)) == 0
    assert ignored(caffe_pb2.LossParameter()) is None
