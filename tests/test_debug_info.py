"""debug_info.py: Caffe's lines, their numbers worked by hand, and where they are said."""

import logging
import re

import pytest

from cafe_edu import Net, Solver
from cafe_edu.log import GlogFormatter

NET = """
name: "twins"
layer { name: "in" type: "DummyData" top: "x"
  dummy_data_param { shape { dim: 1 dim: 2 } data_filler { type: "constant" value: -2 } } }
layer { name: "ip1" type: "InnerProduct" bottom: "x" top: "h" param { name: "w" } param { lr_mult: 0 }
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: 1 }
    bias_filler { type: "constant" value: 8 } } }
layer { name: "abs" type: "ReLU" bottom: "h" top: "h" }
layer { name: "ip2" type: "InnerProduct" bottom: "h" top: "y" param { name: "w" }
  inner_product_param { num_output: 2 bias_term: false weight_filler { type: "constant" value: 1 } } }
layer { name: "sum" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }
"""
SOLVER = 'net_param { %s } base_lr: 0.5 lr_policy: "fixed" display: 2 snapshot_after_train: false max_iter: 4 '

# x = -2 -2; h = x W' + 8 = 4 4; y = h W' = 8 8; the loss is 16. dy = 1 1; dW = dy' h = 4 4 4 4; dh = 2 2;
# dW += dh' x = -4 -4 -4 -4. All of it cancels; the bias stands still.
FORWARD = """
    [Forward] Layer in, top blob x data: 2
    [Forward] Layer ip1, top blob h data: 4
    [Forward] Layer ip1, param blob w data: 1
    [Forward] Layer ip1, param blob 1 data: 8
    [Forward] Layer abs, top blob h data: 4
    [Forward] Layer ip2, top blob y data: 8
    [Forward] Layer ip2, param blob w data: 1
    [Forward] Layer sum, top blob loss data: 16
""".strip("\n").split("\n")
BACKWARD = """
    [Backward] Layer sum, bottom blob y diff: 1
    [Backward] Layer ip2, bottom blob h diff: 2
    [Backward] Layer ip2, param blob w diff: 4
    [Backward] Layer abs, bottom blob h diff: 2
    [Backward] Layer ip1, param blob w diff: 0
""".strip("\n").split("\n")
WHOLE = "    [Backward] All net params (data, diff): L1 norm = (20, 0); L2 norm = (11.4891, 0)"  # sqrt(4 + 128)


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="cafe_edu")
    return caplog


def test_lines_of_a_net(log):
    net = Net("debug_info: true " + NET, "TRAIN")
    net.forward()
    assert log.messages == FORWARD
    log.clear()
    net.backward()
    assert log.messages == [*BACKWARD, WHOLE]


def test_a_net_that_is_not_asked_says_nothing(log):
    net = Net(NET, "TRAIN")
    net.forward()
    net.backward()
    assert log.messages == []
    net.debug_info = True
    net.forward()
    assert log.messages == FORWARD


def test_norms_are_those_of_all_that_moves(log):
    net = Net("debug_info: true " + NET, "TRAIN")
    net.forward()
    for blob in net.params["ip1"]:
        blob.diff[...] = -3  # it stays so: what is added to w cancels, and the bias does not move
    net.backward()
    assert log.messages[-1] == WHOLE.replace("(20, 0)", "(20, 12)").replace("(11.4891, 0)", "(11.4891, 6)")


def test_of_a_solver_only_displayed_iterations(log):
    solver = Solver(SOLVER % NET + "debug_info: true")
    solver.step(1)
    *lines, update_w, update_b = log.messages
    assert lines[: len(FORWARD) + len(BACKWARD) + 1] == [*FORWARD, *BACKWARD, WHOLE]
    shown = lines[len(FORWARD) + len(BACKWARD) + 1 :]
    assert shown[0].startswith("Iteration 0 (")
    assert shown[-1] == "Iteration 0, lr = 0.5"
    assert update_w == "    [Update] Layer ip1, param w data: 1; diff: 0"
    assert update_b == "    [Update] Layer ip1, param 1 data: 8; diff: 0"
    log.clear()
    solver.step(1)
    assert log.messages == []
    solver.step(1)
    assert log.messages[0] == FORWARD[0]


def test_an_update_is_logged_before_it_is_made(log):
    text = NET.replace("-2", "2")  # then dW = 20 + 4: h = 12 12, dh = 2 2
    Solver(SOLVER % text + "debug_info: true").step(1)
    assert log.messages[-2] == "    [Update] Layer ip1, param w data: 1; diff: 8"


def test_a_solver_wins_over_its_nets_own_word(log):
    """Caffe's solver sets it at every iteration."""
    Solver(SOLVER % ("debug_info: true " + NET)).step(1)
    assert not any("[Forward]" in line for line in log.messages)


def test_test_nets_say_it_at_every_batch(log):
    solver = Solver(SOLVER % NET + "debug_info: true test_iter: 2 test_interval: 10")
    solver.test()
    assert [line for line in log.messages if "[" in line] == 2 * FORWARD


def test_every_batch_of_an_iteration(log):
    Solver(SOLVER % NET + "debug_info: true iter_size: 2").step(1)
    assert sum(line == FORWARD[0] for line in log.messages) == 2


def test_numbers_without_a_mean(log):
    net = Net('debug_info: true layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 0 } } }')
    net.forward()
    assert log.messages == ["    [Forward] Layer in, top blob x data: nan"]


def test_old_parsers_read_them(log):
    """As a program that plots them does: the level of each line, the layer, the blob and the number."""
    log.handler.setFormatter(GlogFormatter())
    Solver(SOLVER % NET + "debug_info: true").step(1)
    lines = [line for line in log.text.splitlines() if "ward]" in line or "Update]" in line]
    head, number = r"I\d{4} [\d:.]{15} +\d+ \w+\.py:\d+\] ", r"([\d.e+-]+)"
    line_of = rf"{head}    \[(Forward|Backward)\] Layer (\S+), (top|bottom|param) blob (\S+) (data|diff): {number}"
    found = [re.fullmatch(line_of, line) for line in lines]
    assert sum(match is not None for match in found) == len(FORWARD) + len(BACKWARD)
    others = [line for line, match in zip(lines, found, strict=True) if match is None]
    assert [line[0] for line in others] == ["E", "I", "I"]  # the norms come as an error, in Caffe too
