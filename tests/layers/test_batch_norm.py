import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import ShapeError, SpecError
from cafe_edu.proto import caffe_pb2

X = np.array([[[1.0, 3], [0, 0]], [[5, 7], [4, 8]]])  # (2, 2 channels, 2): means 4 and 3
VARIANCE = np.array([5.0, 11])


def standard(eps=1e-5):
    return (X - np.array([4, 3])[:, None]) / np.sqrt(VARIANCE + eps)[:, None]


@pytest.mark.parametrize("in_place", [False, True])
def test_training_by_hand(in_place):
    trial = make_layer("BatchNorm", X, in_place=in_place)
    assert np.allclose(trial.forward()[0], standard())
    M, V, k = (blob.data for blob in trial.layer.params)
    assert np.allclose(M, [4, 3])
    assert np.allclose(V, VARIANCE * 4 / 3)  # 4 numbers per channel
    assert k == 1


def test_the_sums_decay():
    trial = make_layer("BatchNorm", X, spec="batch_norm_param { moving_average_fraction: 0.5 }")
    trial.forward(), trial.forward()
    M, V, k = (blob.data for blob in trial.layer.params)
    assert np.allclose(M, [6, 4.5])
    assert np.allclose(V, VARIANCE * 2)
    assert k == 1.5


@pytest.mark.parametrize(("phase", "option"), [("TEST", ""), ("TRAIN", "use_global_stats: true")])
def test_gathered_statistics(phase, option):
    trial = make_layer("BatchNorm", X, spec=f"batch_norm_param {{ eps: 0 {option} }}", phase=phase)
    M, V, k = trial.layer.params
    M.data, V.data, k.data = [2, 4], [8, 32], [2]
    assert np.allclose(trial.forward()[0], [[[0, 1], [-0.5, -0.5]], [[2, 3], [0.5, 1.5]]])
    assert np.allclose(trial.backward(np.ones((2, 2, 2)))[0][0], [[0.5, 0.5], [0.25, 0.25]])
    assert M.data.tolist() == [2, 4]  # and nothing is gathered


def test_before_any_training():
    y = make_layer("BatchNorm", X, spec="batch_norm_param { eps: 0.25 }", phase="TEST").forward()[0]
    assert np.allclose(y, 2 * X)


def test_the_batch_itself_in_the_test_phase():
    trial = make_layer("BatchNorm", X, spec="batch_norm_param { use_global_stats: false }", phase="TEST")
    assert np.allclose(trial.forward()[0], standard())


def test_a_list_of_numbers_is_one_channel():
    trial = make_layer("BatchNorm", [1.0, 3], spec="batch_norm_param { eps: 0 }")
    assert trial.forward()[0].tolist() == [-1, 1]


def test_one_number_per_channel():
    trial = make_layer("BatchNorm", [[5.0, 6]])
    assert trial.forward()[0].tolist() == [[0, 0]]
    assert trial.layer.params[1].data.tolist() == [0, 0]


def test_an_empty_batch_adds_nothing():
    trial = make_layer("BatchNorm", np.zeros((0, 3, 2)))
    trial.forward()
    assert [blob.data.tolist() for blob in trial.layer.params] == [[0, 0, 0], [0, 0, 0], [0]]


NET = """
layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: 2 dim: 3 }} }} }}
layer {{ name: "bn" type: "BatchNorm" bottom: "x" top: "y" {} }}
layer {{ name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" }}
"""


@pytest.mark.parametrize("given", ["", "param { lr_mult: 0 }", "param { name: 'M' lr_mult: 0 decay_mult: 0 }"])
def test_its_statistics_are_not_learned(given):
    net = Net(NET.format(given), "TRAIN")
    assert [param.lr_mult for param in net.learnable] == [0, 0, 0]
    assert not any(step.backward for step in net.steps)


def test_the_message_given_stays_as_it_is():
    spec = caffe_pb2.NetParameter()
    spec.CopyFrom(Net(NET.format("")).spec)
    del spec.layer[2].param[:]
    before = spec.SerializeToString()
    Net(spec, "TRAIN")
    assert spec.SerializeToString() == before


@pytest.mark.parametrize(("given", "found"), [("lr_mult: 2", "2"), ("decay_mult: 0", "1")])
def test_a_learning_rate_for_statistics(given, found):
    with pytest.raises(SpecError) as caught:
        make_layer("BatchNorm", X, spec=f"param {{ lr_mult: 0 }} param {{ {given} }}")
    assert str(caught.value) == (
        f"expected `lr_mult: 0` in `param` 1, found {found}: "
        f"the parameters of BatchNorm are statistics, not learned; leave `param` out"
    )


def test_shapes():
    with pytest.raises(ShapeError, match="expected at least 1 axis, found a single number"):
        make_layer("BatchNorm", 1.0)
    trial = make_layer("BatchNorm", X)
    trial.bottom[0].reshape(2, 3, 2)
    with pytest.raises(ShapeError, match=r"expected 2 channels on axis 1, found 3 in \(2, 3, 2\)"):
        trial.forward()
