"""What 8 bits cost and save."""

import math

import numpy as np
import pytest

from cafe_edu.errors import DataError
from cafe_edu.quantize import fold, quantize
from cafe_edu.quantize.report import decibels


def test_bytes_are_counted(small, images):
    net = small()
    report = quantize(net, images).report(images)
    conv, dw, ip = report.rows
    assert (conv.name, conv.parts) == ("conv", ["conv", "bn", "scale", "relu"])
    assert conv.before == 4 * (6 * 27 + 6 + 6 + 1 + 6 + 6)
    assert conv.after == 6 * 27 + 4 * (6 + 6 + 1)
    assert dw.after == 6 * 9 + 4 * (6 + 6 + 6)
    assert ip.after == 5 * 96 + 4 * (5 + 5 + 1)
    assert report.before == 4 * sum(param.blob.count for param in net.learnable)
    assert report.after == conv.after + dw.after + ip.after + 4 * 6  # the PReLU's slopes


def test_errors_are_those_of_the_same_outputs(small, images):
    net, x = small(), images[0]
    q = quantize(net, images)
    report = q.report([x, x])
    folded, _ = fold(net)
    for row, blob in zip(report.rows, ("n", "d", "y"), strict=True):
        folded.forward(x=x)
        q.forward(x=x)
        end = {"d": "dw"}.get(blob)  # the PReLU in its place comes later
        if end:
            folded.forward(end=end, x=x)
            q.forward(end=end, x=x)
        y, mine = folded.blobs[blob].data, q.blobs[blob].data
        expected = 10 * math.log10((y**2).sum() / ((y - mine) ** 2).sum())
        assert row.sqnr == pytest.approx(expected, abs=0.01)
        assert 20 < row.sqnr < 60


def test_right_answers_are_counted(small, images):
    net = small()
    q = quantize(net, images)
    labels = np.concatenate([net.forward(x=x)["prob"].argmax(axis=1) for x in images])
    mine = np.concatenate([q.forward(x=x)["prob"].argmax(axis=1) for x in images])
    labels[:8] = (labels[:8] + 1) % 5
    report = q.report(images, labels)
    assert report.items == 80
    assert report.accuracy == (0.9, (mine == labels).mean())
    original = np.concatenate([net.forward(x=x)["prob"].argmax(axis=1) for x in images])
    assert report.agreement == (mine == original).mean()


def test_both_nets_see_what_the_float_net_reads(small):
    """A net with data of its own, drawn by chance, and an Accuracy layer."""
    spec = """
        layer { name: "d" type: "DummyData" top: "d" top: "label" dummy_data_param {
          shape { dim: 50 dim: 8 } shape { dim: 50 }
          data_filler { type: "uniform" min: -1 max: 1 } data_filler { value: 1 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "d" top: "y" inner_product_param { num_output: 4
          weight_filler { type: "gaussian" } } }
        layer { name: "right" type: "Accuracy" bottom: "y" bottom: "label" top: "right" }
    """
    report = quantize(small(spec), 2).report(4)
    assert report.rows[0].sqnr > 30
    assert abs(report.accuracy[0] - 0.25) < 0.15
    assert abs(report.accuracy[1] - report.accuracy[0]) <= 0.02
    assert report.agreement is None
    with pytest.raises(DataError, match=r"one output of scores \(N, classes\) to hold against labels, found right"):
        quantize(small(spec), 2).report(4, labels=[1])


def test_a_report_shows_itself(small, images):
    report = quantize(small(), images).report(images, np.zeros(80, int))
    lines = str(report).splitlines()
    assert lines[0].split() == ["layer", "does", "the", "work", "of", "bytes", "before", "after", "kept", "well"]
    assert lines[1].startswith("conv   conv + bn + scale + relu  748 ")
    assert lines[4].startswith(f"weights: {report.before:,} bytes before, {report.after:,} after (")
    assert lines[5].startswith("right: ")
    assert lines[6] == f"the same answer: {100 * report.agreement:.2f} % of 80"
    assert lines[7] == "prelu stays in float32 (PReLU: of this type there is none in 8 bits)"
    assert "<td>conv + bn + scale + relu</td>" in report._repr_html_()


def test_batches_without_items_are_refused(small, images):
    with pytest.raises(DataError, match="expected batches with items to compare the answers for, found none in them"):
        quantize(small(), images).report([images[0, :0]])


def test_labels_must_be_as_many_as_items(small, images):
    with pytest.raises(DataError, match="expected a label for each of 80 items, found 3"):
        quantize(small(), images).report(images, [0, 1, 2])


def test_decibels():
    assert decibels(8, 0) == math.inf
    assert decibels(0, 8) == -math.inf
    assert decibels(2, 200) == pytest.approx(-20)
