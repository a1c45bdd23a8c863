"""parallel/messages.py: which gradients travel together, when they leave, and that they come back as means."""

import numpy as np

from cafe_edu import Net
from cafe_edu.parallel.communicator import Communicator
from cafe_edu.parallel.messages import Messages, plan
from cafe_edu.parallel.threads import run_ranks

# a: 12 numbers, used by first and third; b: 40; c: 4; the fourth is frozen
NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 4 }
  data_filler { type: "constant" value: 1 } } }
layer { name: "first" type: "InnerProduct" bottom: "x" top: "h1" param { name: "a" }
  inner_product_param { num_output: 4 bias_term: false weight_filler { type: "constant" value: 0.5 } } }
layer { name: "second" type: "InnerProduct" bottom: "h1" top: "h2"
  inner_product_param { num_output: 4 weight_filler { type: "constant" value: 0.25 } } }
layer { name: "third" type: "InnerProduct" bottom: "h2" top: "h3" param { name: "a" }
  inner_product_param { num_output: 4 bias_term: false } }
layer { name: "fourth" type: "InnerProduct" bottom: "h3" top: "h4" param { lr_mult: 0 } param { lr_mult: 0 }
  inner_product_param { num_output: 4 weight_filler { type: "constant" value: 1 } } }
layer { name: "fifth" type: "InnerProduct" bottom: "h4" top: "y" loss_weight: 1
  inner_product_param { num_output: 3 weight_filler { type: "constant" value: 1 } } }
"""


class Diary(Communicator):
    """One rank alone, which writes down what it is asked for."""

    def __init__(self):
        self.entries = []

    def start_sum(self, array):
        self.entries.append(("sum", array.size))
        return self

    def poke(self):
        self.entries.append("poke")

    def wait(self):
        self.entries.append("wait")

    def gather(self, numbers):
        return np.array([numbers])

    def broadcast(self, array):
        pass

    def fail(self, message):
        raise AssertionError(message)

    def check(self):
        pass


def names(net, bucket):
    return [([blob.name for blob in m.blobs], net.layers[m.ready].name) for m in plan(net.steps, net.learnable, bucket)]


def test_a_gradient_waits_for_the_first_layer_that_uses_it():
    assert names(Net(NET, "TRAIN"), bucket=1) == [
        (["fifth.weight"], "fifth"),
        (["fifth.bias"], "fifth"),
        (["second.weight"], "second"),
        (["second.bias"], "second"),
        (["first.weight"], "first"),
    ]


def test_small_ones_travel_together():
    net = Net(NET, "TRAIN")
    assert names(net, bucket=64) == [  # bytes: 16 numbers
        (["second.weight"], "second"),
        (["fifth.weight", "fifth.bias", "second.bias"], "second"),
        (["first.weight"], "first"),
    ]
    assert [len(message.blobs) for message in plan(net.steps, net.learnable)] == [5]


def test_they_leave_while_backward_goes_on():
    net, diary = Net(NET, "TRAIN"), Diary()
    messages = Messages(net, diary, bucket=1)
    step, order = net.backward_step, diary.entries

    def told(i):
        step(i)
        order.append(net.layers[i].name)

    net.backward_step = told
    net.forward()
    messages.start(2)
    net.backward()
    assert "sum" not in {entry[0] for entry in order}  # the first of two ways back: nothing is complete
    del order[:]
    net.backward()
    messages.finish()
    assert [entry for entry in order if entry != "poke"] == [
        *[("sum", 12), ("sum", 3), "fifth", "fourth", "third", ("sum", 16), ("sum", 4), "second"],
        *[("sum", 16), "first", "x"],
        *["wait"] * 5,
    ]
    assert order[order.index("fifth") + 1] == "poke"  # what is under way gets on
    del order[:]
    net.backward()  # somebody else's
    assert order == ["fifth", "fourth", "third", "second", "first", "x"]


def test_with_debug_info_they_stay_until_it_has_read_them():
    net, diary = Net(NET, "TRAIN"), Diary()
    messages = Messages(net, diary, bucket=1)
    net.debug_info = True
    net.forward()
    messages.start(1)
    net.backward()
    assert diary.entries == []
    messages.finish()
    assert [entry[0] for entry in diary.entries if entry != "wait"] == ["sum"] * 5


def test_the_mean_of_all_ranks_comes_back():
    def gradients(communicator):
        net = Net(NET, "TRAIN")
        net.blobs["x"].data[...] = communicator.rank
        messages = Messages(net, communicator, bucket=64)
        net.clear_param_diffs()
        net.forward()
        messages.start(1)
        net.backward()
        messages.finish()
        return [param.blob.diff.copy() for param in net.learnable]

    def by_hand(rank):
        net = Net(NET, "TRAIN")
        net.blobs["x"].data[...] = rank
        net.clear_param_diffs()
        net.forward()
        net.backward()
        return [param.blob.diff for param in net.learnable]

    each = [by_hand(rank) for rank in range(3)]
    expected = [sum(parts) / 3 for parts in zip(*each, strict=True)]
    for found in run_ranks(3, gradients):
        for mine, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, right, rtol=1e-6)
    assert any(np.ptp([parts.sum() for parts in some]) > 0 for some in zip(*each, strict=True))
