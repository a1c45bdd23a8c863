"""widgets/training_panel.py: a training in the background is the training that it would be in front."""

import threading

import numpy as np
import pytest

from cafe_edu import Solver
from cafe_edu.data.digits import read_digits
from cafe_edu.drawing.progress import draw_progress, first_filters, slopes
from cafe_edu.errors import CafeError
from cafe_edu.layer import layer_class
from cafe_edu.widgets import TrainingPanel

NET = """
name: "small"
layer { name: "digits" type: "MemoryData" top: "x" top: "t"
  memory_data_param { batch_size: 16 channels: 1 height: 28 width: 28 } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 4 kernel_size: 5 stride: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "ip" type: "InnerProduct" bottom: "c" top: "y"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" include { phase: TRAIN } }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "t" top: "accuracy" include { phase: TEST } }
"""


def learning(layers=None, **changes):
    fields = "test_iter: 2 test_interval: 10 base_lr: 0.1 momentum: 0.9 max_iter: 30 random_seed: 1"
    solver = Solver(f'{fields} lr_policy: "fixed" net_param {{ {NET} }}', layers=layers, **changes)
    x, y, x_test, y_test = read_digits()
    solver.net.layers[0].reset(x[:320] / 256, y[:320])
    solver.test_nets[0].layers[0].reset(x_test[:160] / 256, y_test[:160])
    return solver


def weights(solver):
    return [blob.data.tobytes() for blobs in solver.net.params.values() for blob in blobs]


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "cafe_edu training"]


@pytest.fixture
def panel():
    panel = TrainingPanel(learning())
    yield panel
    panel.close()
    assert not threads()


def test_the_training_is_the_one_without_a_panel(panel):
    for _ in range(3):
        panel.step.click()
    assert panel.solver.iter == 3
    panel.start.click()
    panel.pause.click()
    assert not threads()
    panel.start.click()
    panel.training.wait()
    alone = learning()
    alone.step(30)
    assert weights(panel.solver) == weights(alone)
    assert panel.solver.train_record == alone.train_record
    assert panel.status.value.startswith("iteration 30 of 30, loss ")
    assert not panel.message.value


def test_a_held_net_stands_still(panel):
    panel.solver.spec.max_iter = 10**6
    panel.start.click()
    for _ in range(5):
        with panel.held() as solver:
            at, before = solver.iter, weights(solver)
            solver.test_nets[0].forward()
            assert (solver.iter, weights(solver)) == (at, before)
    panel.pause.click()
    assert not panel.training.running


def test_who_holds_the_net_may_pause_and_start_it(panel):
    panel.solver.spec.max_iter = 10**6
    panel.start.click()
    with panel.held() as solver:
        panel.pause.click()  # would wait for ever if it waited for the thread, which waits for the net
        panel.start.click()
        at = solver.iter
    panel.pause.click()
    assert panel.solver.iter >= at
    assert not panel.message.value
    assert not [thread for thread in threads() if thread.join() or thread.is_alive()]


def test_an_error_in_the_iteration_that_a_pause_waits_for_is_said():
    class Fails(layer_class("ReLU")):
        def forward(self, bottom, top):
            super().forward(bottom, top)
            if panel.solver.iter == 1:
                begun.set()
                asked.wait()
                raise ValueError("too late")

    begun, asked = threading.Event(), threading.Event()
    panel = TrainingPanel(learning(layers={"ReLU": Fails}))
    panel.start.click()
    begun.wait()
    stop = panel.training._stop
    threading.Thread(target=lambda: stop.wait() and asked.set()).start()
    panel.pause.click()
    assert "ValueError: too late" in panel.message.value
    panel.close()


def test_nobody_gets_the_net_in_the_middle_of_an_iteration():
    class Waits(layer_class("ReLU")):
        def forward(self, bottom, top):
            begun.set()
            may_go.wait()
            super().forward(bottom, top)

    begun, may_go = threading.Event(), threading.Event()
    may_go.set()
    panel = TrainingPanel(learning(layers={"ReLU": Waits}))
    may_go.clear()
    panel.start.click()
    begun.wait()
    assert not panel.training._lock.acquire(blocking=False)
    may_go.set()
    panel.pause.click()
    assert panel.training._lock.acquire(blocking=False)
    panel.training._lock.release()
    panel.close()


def test_the_rate_can_be_changed(panel):
    panel.step.click()
    panel.rate.value = 0.001
    panel.step.click()
    assert [entry["lr"] for entry in panel.solver.train_record] == pytest.approx([0.1, 0.001])


def test_the_rate_can_be_changed_while_it_runs(panel):
    panel.solver.spec.max_iter = 10**6
    panel.start.click()
    panel.rate.value = 0.001
    with panel.held() as solver:
        at = solver.iter
    panel.step.click()  # which pauses it
    assert panel.solver.iter > at
    assert panel.solver.train_record[-1]["lr"] == pytest.approx(0.001)


def test_pictures_come_while_it_runs(panel):
    pictures = []
    panel.canvas.observe(lambda change: pictures.append(bytes(change["new"])), "value")
    panel.every = 1
    panel.start.click()
    panel.training.wait()
    assert len(set(pictures)) >= 2  # one on the way, one at the end
    assert "iteration 30" in panel.canvas.tooltip


def test_an_error_of_the_training_is_said_and_the_thread_ends():
    class Fails(layer_class("ReLU")):
        calls = []

        def forward(self, bottom, top):
            super().forward(bottom, top)
            self.calls.append(self.phase)
            if len(self.calls) == 5:
                raise ValueError("no\nmore")

    panel = TrainingPanel(learning(layers={"ReLU": Fails}))
    panel.start.click()
    panel.training.wait()
    assert "ValueError: no more" in panel.message.value
    assert not panel.training.running
    panel.start.click()  # what one mends, goes on
    panel.training.wait()
    assert panel.solver.iter == 30
    assert not panel.message.value
    panel.close()


def test_a_second_run_of_the_cell_ends_the_first_thread():
    first = TrainingPanel(learning(max_iter=10**6))
    first.start.click()
    assert first.training.running
    second = TrainingPanel(learning(max_iter=10**6))
    assert not first.training.running
    second.start.click()
    assert len(threads()) == 1
    first.close()
    assert second.training.running
    second.close()
    assert not threads()


def test_at_its_end_it_says_what_to_do(panel):
    panel.start.click()
    panel.training.wait()
    panel.start.click()
    assert "has reached max_iter, 30: to go on, make solver.spec.max_iter larger" in panel.message.value
    panel.solver.spec.max_iter = 31
    panel.start.click()
    panel.training.wait()
    assert panel.solver.iter == 31
    assert not panel.message.value


def test_errors():
    with pytest.raises(CafeError, match="expected a Solver to train with, found a str"):
        TrainingPanel("lenet_solver.prototxt")
    with pytest.raises(CafeError, match="expected `every` of 1 or more, found 0"):
        TrainingPanel(learning(), every=0)


def test_the_figure_shows_the_numbers():
    solver = learning()
    solver.step(25)
    curve, right, _, bars = draw_progress(solver).axes
    np.testing.assert_allclose(curve.lines[0].get_ydata(), [entry["loss"] for entry in solver.train_record])
    assert right.lines[0].get_xdata().tolist() == [0, 10, 20]
    assert [t.get_text() for t in bars.get_yticklabels()] == ["conv", "ip"]
    diff = solver.net.blobs["y"].diff
    assert slopes(solver.net)["ip"] == pytest.approx(np.abs(diff).mean())
    name, tiles = first_filters(solver.net)
    assert (name, tiles.shape) == ("conv", (4, 5, 5))


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_net_that_broke_can_be_drawn(loss):
    solver = learning()
    solver.step(3)
    solver.train_record[-1]["loss"] = loss
    solver.net.params["conv"][0].data[...] = np.nan
    solver.net.blobs["y"].diff[...] = np.nan
    figure = draw_progress(solver)
    figure.canvas.draw()
    curves, *others = figure.axes
    assert len(curves.lines[0].get_xdata()) == 3  # the broken iteration has its place too
    assert len(others) >= 2


def test_first_filters_of_other_nets():
    def filters(layer, shape):
        net = f"""layer {{ name: "x" type: "DummyData" top: "x" dummy_data_param {{ shape {{ {shape} }} }} }} {layer}
                  layer {{ name: "s" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }}"""
        return first_filters(Solver(f'base_lr: 0.1 lr_policy: "fixed" net_param {{ {net} }}').net)

    product = 'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3 } }'
    assert filters(product, "dim: 2 dim: 1 dim: 4 dim: 5")[1].shape == (3, 4, 5)
    assert filters(product, "dim: 2 dim: 6")[1].shape == (1, 3, 6)
    assert filters('layer { name: "r" type: "ReLU" bottom: "x" top: "y" }', "dim: 2 dim: 6") is None
