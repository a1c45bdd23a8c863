import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import NetError


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("Sigmoid", np.log([[1.0, 3, 1 / 3]]), in_place=in_place)
    assert np.allclose(trial.forward()[0], [[1 / 2, 3 / 4, 1 / 4]])
    assert np.allclose(trial.backward([[16.0, 16, 32]])[0], [[4, 3, 6]])


def test_far_from_zero_it_is_flat():
    trial = make_layer("Sigmoid", [[-1e4, 1e4]], dtype=np.float32)
    assert trial.forward()[0].tolist() == [[0, 1]]
    assert trial.backward([[1, 1]])[0].tolist() == [[0, 0]]


def test_its_top_is_not_to_be_overwritten():
    with pytest.raises(NetError, match=r"cannot run in place on 'y': 's' \(Sigmoid\) needs those numbers"):
        Net("""
            layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
            layer { name: "s" type: "Sigmoid" bottom: "x" top: "y" }
            layer { name: "r" type: "ReLU" bottom: "y" top: "y" }
        """)
