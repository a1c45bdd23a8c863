"""widgets/kept.py: an answer is found once, until the net changes."""

import pytest

from cafe_edu import Net
from cafe_edu.widgets.kept import Kept

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3 } }
"""


@pytest.fixture
def net():
    return Net(NET, rng=0)


def asked(kept, *questions):
    """The questions to which the answer had to be found."""
    found = []
    for question in questions:
        kept.get(question, lambda question=question: found.append(question))
    return found


def test_each_answer_is_found_once(net):
    assert asked(Kept(net), "a", "b", "a", "b") == ["a", "b"]


@pytest.mark.parametrize("param", [0, 1])
def test_they_are_forgotten_when_a_parameter_changes(net, param):
    kept = Kept(net)
    asked(kept, "a")
    net.params["ip"][param].data[-1] += 1e-6
    assert asked(kept, "a", "a") == ["a"]


def test_the_oldest_goes_first(net):
    kept = Kept(net, most=2)
    assert asked(kept, "a", "b", "c", "b", "c", "a") == ["a", "b", "c", "a"]


def test_forget(net):
    kept = Kept(net)
    asked(kept, "a")
    kept.forget()
    assert asked(kept, "a") == ["a"]
