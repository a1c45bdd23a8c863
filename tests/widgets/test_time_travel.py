"""widgets/time_travel.py: the slider shows what the net was, and a fork goes on from there."""

import numpy as np
import pytest

from cafe_edu import Net, Solver
from cafe_edu.data.digits import read_digits
from cafe_edu.demo import ZOO
from cafe_edu.errors import CafeError, NetError, ShapeError
from cafe_edu.recording import Recording, record
from cafe_edu.widgets import TimeTravel

NET = """
name: "small"
layer { name: "digits" type: "MemoryData" top: "x" top: "t"
  memory_data_param { batch_size: 32 channels: 1 height: 28 width: 28 } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 4 kernel_size: 5 stride: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "ip" type: "InnerProduct" bottom: "c" top: "y"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" include { phase: TRAIN } }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "t" top: "accuracy" include { phase: TEST } }
"""
DEPLOY = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 28 dim: 28 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 4 kernel_size: 5 stride: 3 } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "ip" type: "InnerProduct" bottom: "c" top: "y" inner_product_param { num_output: 10 } }
layer { name: "prob" type: "Softmax" bottom: "y" top: "prob" }
"""


@pytest.fixture(scope="module")
def recording():
    fields = "test_iter: 2 test_interval: 10 base_lr: 0.1 momentum: 0.9 max_iter: 30 random_seed: 1"
    solver = Solver(f'{fields} lr_policy: "fixed" net_param {{ {NET} }}')
    x, y, x_test, y_test = read_digits()
    solver.net.layers[0].reset(x[:640] / 256, y[:640])
    solver.test_nets[0].layers[0].reset(x_test[:320] / 256, y_test[:320])
    return record(solver, 40, every=10)


@pytest.fixture
def travel(recording):
    travel = TimeTravel(recording)
    yield travel
    travel.close()


def test_the_answers_are_those_of_the_net_at_that_moment(recording, travel):
    for at in recording.iterations:
        travel.slider.value = at
        net = recording.fork(at).test_nets[0]
        deployed = Net(DEPLOY)
        recording.put_into(deployed, at)
        expected = deployed.forward(x=travel.inputs)["prob"]
        np.testing.assert_allclose(travel.answers_at(at), expected, rtol=1e-4)
        _, (name, tiles), _ = travel.moment(at)
        assert name == "conv"
        np.testing.assert_array_equal(tiles, net.params["conv"][0].data.reshape(-1, 5, 5))
    assert not travel.message.value


def test_it_shows_what_was_tested_last(recording, travel):
    net = recording.solver.test_nets[0]
    np.testing.assert_array_equal(travel.inputs, net.blobs["x"].data[:16])
    np.testing.assert_array_equal(travel.labels, net.blobs["t"].data.ravel()[:16])
    right = [(travel.answers_at(at).argmax(1) == travel.labels).mean() for at in (0, 40)]
    assert right[0] < 0.4 < 0.6 < right[1]


def test_the_picture_follows_the_slider(travel):
    pictures = set()
    for at in travel.slider.options:
        travel.slider.value = at
        pictures.add(bytes(travel.canvas.value))
    assert len(pictures) == 5
    travel.slider.value = 10
    assert bytes(travel.canvas.value) in pictures  # nothing of the moments between is left


def test_looking_changes_neither_recording_nor_solver(recording):
    before = [a.tobytes() for m in recording.moments for a in m.arrays]
    weights = [b.data.tobytes() for bs in recording.solver.net.params.values() for b in bs]
    travel = TimeTravel(recording)
    travel.slider.value = 10
    travel.show_static()
    travel.close()
    assert before == [a.tobytes() for m in recording.moments for a in m.arrays]
    assert weights == [b.data.tobytes() for bs in recording.solver.net.params.values() for b in bs]


def test_fork_stands_where_the_slider_does(recording, travel):
    travel.slider.value = 20
    fork = travel.fork(base_lr=0.5)
    assert fork.iter == 20
    fork.step(1)
    assert fork.train_record[-1]["lr"] == 0.5


def test_the_static_twin_has_several_moments(travel):
    figure = travel.show_static()
    titles = [axes.get_title() for axes in figure.axes]
    iterations = [t.split("\n")[0] for t in titles if t.startswith("iteration")]
    assert iterations == ["iteration 0", "iteration 10", "iteration 30", "iteration 40"]
    right = (travel.answers_at(40).argmax(1) == travel.labels).sum()
    assert any(t.startswith(f"{right} of 16 right") for t in titles)
    assert len(figure.axes[0].lines) == 5  # the curve, four cursors
    assert travel.show_static([10]).axes
    with pytest.raises(CafeError, match="no moment of iteration 7 was kept; there are 0, 10, 20, 30, 40"):
        travel.show_static([7])


def test_a_recording_from_a_file(recording, tmp_path):
    recording.save(tmp_path / "training.npz")
    loaded = Recording.load(tmp_path / "training.npz")
    with pytest.raises(CafeError, match="does not say which net it is of: give one, net="):
        TimeTravel(loaded)
    net = Net(DEPLOY, rng=0)
    before = net.params["ip"][0].data.copy()
    x, y = recording.solver.test_nets[0].blobs["x"].data[:4], [0, 1, 2, 3]
    travel = TimeTravel(loaded, x, y, net)
    travel.slider.value = 40
    assert travel.answers_at(40).shape == (4, 10)
    np.testing.assert_array_equal(net.params["ip"][0].data, before)
    travel.close()
    alone = TimeTravel(loaded, net=net)  # without inputs: curves and filters
    assert alone.answers_at(0) is None
    alone.show_static()
    alone.close()


def test_a_net_without_class_scores():
    net = """layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 4 dim: 3 } } }
             layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
             layer { name: "sum" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }"""
    recording = record(Solver(f'base_lr: 0.1 lr_policy: "fixed" net_param {{ {net} }}'), 4, every=2)
    travel = TimeTravel(recording)
    travel.slider.value = 4
    assert travel.inputs is None
    assert not travel.message.value
    travel.show_static()
    with pytest.raises(NetError, match="gives no class scores"):
        TimeTravel(recording, np.zeros((2, 3)))


def test_errors(recording):
    with pytest.raises(CafeError, match="expected a Recording, as record"):
        TimeTravel(recording.solver)
    with pytest.raises(ShapeError, match=r"expected inputs \(n, 1, 28, 28\), found \(28, 28\)"):
        TimeTravel(recording, np.zeros((28, 28)))
    with pytest.raises(ShapeError, match=r"expected one label for each of 2 inputs, found \(3,\)"):
        TimeTravel(recording, np.zeros((2, 1, 28, 28)), [1, 2, 3])


def test_a_net_of_other_layers(recording):
    with pytest.raises(CafeError, match="layer 'conv1' is not in the recording; it has conv, ip"):
        TimeTravel(Recording(recording.moments), net=Net(ZOO / "lenet" / "lenet.prototxt"))
