"""Scores are means over batches."""

import logging

import numpy as np
import pytest

from cafe_edu import Layer, Net
from cafe_edu.score import log_outputs, score

SPEC = """
layer { name: "count" type: "Counting" top: "x" }
layer { name: "pass" type: "ReLU" bottom: "x" top: "y" loss_weight: 2 }
"""


class Counting(Layer):
    """Says (1, 10), (2, 20), ... batch after batch."""

    num_bottom = 0

    def setup(self, bottom):
        self.batch = 0

    def top_shapes(self, bottom_shapes):
        return [(2,)]

    def forward(self, bottom, top):
        self.batch += 1
        top[0].data = [self.batch, 10 * self.batch]


@pytest.fixture
def net():
    return Net(SPEC, layers={"Counting": Counting})


def test_mean_of_batches(net):
    seen = []
    means, loss = score(net, 3, each=lambda number, outputs: seen.append((number, outputs["y"].tolist())))
    assert means["y"] == pytest.approx([2, 20])
    assert loss == pytest.approx(2 * 22)
    assert seen == [(0, [1, 10]), (1, [2, 20]), (2, [3, 30])]


def test_each_number_has_its_line(net, caplog):
    with caplog.at_level(logging.INFO, "cafe_edu"):
        log_outputs(net, {"y": np.array([0.5, 3.0])}, "    Test net output ")
        log_outputs(net, {"z": np.array(0.25)})
    assert [record.getMessage() for record in caplog.records] == [
        "    Test net output #0: y = 0.5 (* 2 = 1 loss)",
        "    Test net output #1: y = 3 (* 2 = 6 loss)",
        "z = 0.25",
    ]
