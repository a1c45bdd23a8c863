import numpy as np
import pytest

from cafe_edu.device import module_of
from cafe_edu.errors import CafeError, NetError, SpecError
from cafe_edu.layer import Layer
from cafe_edu.testing import make_layer


def test_one_layer_by_itself():
    trial = make_layer("InnerProduct", np.ones((2, 3)), spec="inner_product_param { num_output: 4 }")
    assert [blob.shape for blob in (*trial.bottom, *trial.top, *trial.layer.params)] == [
        (2, 3), (2, 4), (4, 3), (4,)
    ]  # fmt: skip
    assert trial.layer.phase == "TRAIN"
    assert trial.bottom[0].dtype == np.float64


def test_forward_and_backward_give_copies(device):
    trial = make_layer("ReLU", [[1.0, 2]], device=device)
    (y,), (dx,) = trial.forward(), trial.backward([[3, 4]])
    assert type(y) is type(dx) is np.ndarray
    y[...], dx[...] = 0, 0
    assert trial.top[0].data.tolist() == [[1, 2]]
    assert trial.bottom[0].diff.tolist() == [[3, 4]]


def test_its_blobs_live_on_the_device(device):
    trial = make_layer("PReLU", np.ones((2, 3)), device=device)
    xp = module_of(device)
    assert trial.layer.xp is xp
    for blob in (*trial.bottom, *trial.top, *trial.layer.params):
        assert isinstance(blob.data, xp.ndarray)


def test_forward_starts_from_the_same_seed():
    x = np.ones((20, 20))
    first, second, other = make_layer("Dropout", x), make_layer("Dropout", x), make_layer("Dropout", x, seed=1)
    (y,) = first.forward()
    assert np.array_equal(first.forward()[0], y)
    assert np.array_equal(second.forward()[0], y)
    assert (other.forward()[0] != y).any()


def test_in_place_top_and_bottom_are_one():
    trial = make_layer("ReLU", [[-1.0, 2]], in_place=True)
    assert trial.top[0] is trial.bottom[0]
    assert trial.forward()[0].tolist() == [[0, 2]]


def test_a_class_of_your_own_and_its_name():
    class Twice(Layer):
        def top_shapes(self, bottom_shapes):
            return bottom_shapes

        def forward(self, bottom, top):
            top[0].data = 2 * bottom[0].data

    trial = make_layer(Twice, [1.0, 2], dtype=np.float32, phase="TEST")
    assert trial.layer.spec.type == "Twice"
    assert trial.layer.phase == "TEST"
    assert trial.forward()[0].dtype == np.float32


def test_labels_get_no_gradient():
    trial = make_layer("SoftmaxWithLoss", np.zeros((2, 3)), [0.0, 1])
    trial.forward()
    assert not trial.backward(1.0)[1].any()


def test_backward_can_be_told_that_nobody_below_learns():
    trial = make_layer("ReLU", [[1.0, 2]])
    trial.forward()
    assert not trial.backward([[3, 4]], propagate_down=False)[0].any()


def test_errors():
    with pytest.raises(NetError, match="unknown layer type 'Relu'; did you mean 'ReLU'"):
        make_layer("Relu", [1.0])
    with pytest.raises(NetError, match="expected 1 bottom, found 0"):
        make_layer("ReLU")
    with pytest.raises(SpecError, match="did you mean 'negative_slope'"):
        make_layer("ReLU", [1.0], spec="relu_param { negative_slop: 1 }")
    with pytest.raises(CafeError, match="expected device 'cpu' or 'gpu', found 'GPU'"):
        make_layer("ReLU", [1.0], device="GPU")
