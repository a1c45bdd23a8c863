"""summary.py: a net as a table."""

import numpy as np
import pytest

from cafe_edu import Blob, Net
from cafe_edu.summary import HEAD, rows, size, title

SPEC = """
name: "two < three"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 500 } }
layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
layer { name: "prob" type: "Softmax" bottom: "y" top: "p" }
"""


@pytest.fixture
def net():
    net = Net(SPEC)
    net.forward(x=np.ones((2, 3)))
    return net


def test_rows(net):
    assert rows(net) == [
        ("x", "Input", "", "x", "2 x 3", "", "24 B"),
        ("ip", "InnerProduct", "x", "y", "2 x 500", "2,000", "3.9 KiB"),
        ("relu", "ReLU", "y", "y", "2 x 500", "", ""),  # in place: it makes no blob of its own
        ("prob", "Softmax", "y", "p", "2 x 500", "", "3.9 KiB"),
    ]
    assert all(len(row) == len(HEAD) for row in rows(net))


def test_memory_is_counted_once():
    """A split's tops are the bottom's memory."""
    net = Net(
        SPEC
        + 'layer { name: "a" type: "ReLU" bottom: "p" top: "q" } layer { name: "b" type: "ReLU" bottom: "p" top: "r" }'
    )
    net.forward(x=np.ones((2, 3)))
    memory = {row[0]: row[-1] for row in rows(net)}
    assert memory["prob"] == memory["a"] == "3.9 KiB"
    assert memory["p_prob_0_split"] == ""


def test_as_text(net):
    lines = repr(net).splitlines()
    assert lines[0] == title(net) == "two < three (TEST): 4 layers, 2,000 parameters (7.8 KiB)"
    assert lines[1].split() == list(HEAD)
    assert lines[3] == "ip     InnerProduct  x      y      2 x 500       2,000  3.9 KiB"
    assert len({line.index("In") for line in lines[2:4]}) == 1  # columns stand under each other


def test_for_a_notebook(net):
    page = net._repr_html_()
    assert page.count("<tr>") == 5
    assert "<b>two &lt; three (TEST)" in page
    assert '<td style="text-align:right">2,000</td>' in page


def test_a_net_without_a_name():
    assert title(Net(SPEC.split("\n", 2)[2])).startswith("net (TEST): 4 layers")


def test_a_blob_for_a_notebook():
    blob = Blob((2, 2), name="<x>")
    blob.data = [[1, 2], [3, 4]]
    assert blob._repr_html_() == "<code>&lt;x&gt;</code> 2 x 2 float32, 1 to 4, mean 2.5"
    assert Blob((), name="one")._repr_html_() == "<code>one</code> 1 number float32, 0 to 0, mean 0"
    assert Blob((0, 3), name="none")._repr_html_() == "<code>none</code> 0 x 3 float32"


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 * 2**20, "3.0 MiB"), (5 * 2**40, "5120.0 GiB")],
)
def test_size(count, said):
    assert size(count) == said
