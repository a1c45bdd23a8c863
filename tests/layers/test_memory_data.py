import logging
import re

import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import DataError, ShapeError, SpecError

SPEC = "memory_data_param { batch_size: 2 channels: 1 height: 2 width: 3 }"


@pytest.fixture
def trial():
    return make_layer("MemoryData", spec=SPEC, tops=2)


def items(count):
    return np.arange(count * 6.0).reshape(count, 1, 2, 3)


def test_batches_wrap_around(trial):
    trial.layer.reset(items(4), np.arange(4))
    found = [trial.forward() for _ in range(3)]
    np.testing.assert_array_equal(found[0][0], items(4)[:2])
    np.testing.assert_array_equal(found[1][0], items(4)[2:])
    np.testing.assert_array_equal(found[2][0], found[0][0])
    assert [labels.ravel().tolist() for _, labels in found] == [[0, 1], [2, 3], [0, 1]]


def test_labels_have_one_axis_until_there_are_arrays_and_then_four(trial):
    assert [blob.shape for blob in trial.top] == [(2, 1, 2, 3), (2,)]
    trial.layer.reset(items(2), np.arange(2))
    assert [x.shape for x in trial.forward()] == [(2, 1, 2, 3), (2, 1, 1, 1)]


def test_a_loss_and_an_accuracy_take_such_labels():
    net = Net(
        f"layer {{ name: 'd' type: 'MemoryData' top: 'x' top: 'label' {SPEC} }} "
        "layer { name: 'ip' type: 'InnerProduct' bottom: 'x' top: 'y' inner_product_param { num_output: 3 } } "
        "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'y' bottom: 'label' top: 'loss' } "
        "layer { name: 'acc' type: 'Accuracy' bottom: 'y' bottom: 'label' top: 'acc' }"
    )
    net.layers[0].reset(items(2), [0, 2])
    found = net.forward()
    np.testing.assert_allclose(found["loss"], np.log(3), rtol=1e-6)
    net.backward()


def test_arrays_are_read_where_they_are(trial):
    data = items(2)
    trial.layer.reset(data, [0, 0])
    data[1] = -1
    assert (trial.forward()[0][1] == -1).all()


def test_labels_may_have_more_axes(trial):
    trial.layer.reset(items(2), np.array([3, 4]).reshape(2, 1, 1, 1))
    assert trial.forward()[1].ravel().tolist() == [3, 4]


def test_new_arrays_start_from_their_first_item(trial):
    trial.layer.reset(items(4), np.arange(4))
    trial.forward()
    trial.layer.reset(items(4) + 1, np.arange(4))
    assert trial.forward()[0][0, 0, 0, 0] == 1


def test_before_there_are_arrays(trial):
    with pytest.raises(DataError, match=r"no arrays yet: give them with this layer's `reset\(data, labels\)`"):
        trial.forward()


@pytest.mark.parametrize(
    ("data", "labels", "words"),
    [
        (np.zeros((2, 1, 3, 2)), [0, 0], r"expected data of shape \(items, 1, 2, 3\), found \(2, 1, 3, 2\)"),
        (np.zeros((2, 6)), [0, 0], r"expected data of shape \(items, 1, 2, 3\), found \(2, 6\)"),
        (items(3), [0, 0, 0], "expected a number of items that is a multiple of the batch size 2, found 3"),
        (items(0), [], "expected a number of items that is a multiple of the batch size 2, found 0"),
        (items(2), [0], r"expected one label for each of 2 items, found \(1,\)"),
    ],
)
def test_arrays_that_do_not_fit_change_nothing(trial, data, labels, words):
    trial.layer.reset(items(4) + 7, np.arange(4))
    with pytest.raises(ShapeError, match=words):
        trial.layer.reset(data, labels)
    assert trial.forward()[0][0, 0, 0, 0] == 7


@pytest.mark.parametrize("field", ["batch_size", "channels", "height", "width"])
def test_what_must_be_said(field):
    with pytest.raises(SpecError, match=f"`{field}` is needed in `memory_data_param` and is not set"):
        make_layer("MemoryData", spec=re.sub(f"{field}: [0-9]+", "", SPEC), tops=2)


def test_a_transformation_is_said_to_be_without_effect(caplog):
    with caplog.at_level(logging.WARNING, "cafe_edu"):
        make_layer("MemoryData", spec=SPEC + " transform_param { scale: 2 }", tops=2)
    assert "MemoryData does not transform its arrays: `transform_param` of 'trial' has no effect" in caplog.text


def test_the_state_is_a_position(trial):
    trial.layer.reset(items(6), np.arange(6))
    trial.forward()
    state = trial.layer.state()
    assert state == {"position": 2}
    expected = trial.forward()[1]
    other = make_layer("MemoryData", spec=SPEC, tops=2)
    other.layer.reset(items(6), np.arange(6))
    other.layer.restore(state)
    np.testing.assert_array_equal(other.forward()[1], expected)
    for position in (1, 6):
        with pytest.raises(DataError, match=f"expected a position at the beginning of a batch, found {position}"):
            other.layer.restore({"position": position})
