import numpy as np

from cafe_edu import Net, make_layer
from cafe_edu.testing import check_gradient

SPEC = "parameter_param { shape { dim: 2 dim: 3 } }"


def test_by_hand():
    trial = make_layer("Parameter", spec=SPEC)
    assert trial.forward()[0].tolist() == [[0, 0, 0], [0, 0, 0]]
    (W,) = trial.layer.params
    W.data = [[1, 2, 3], [4, 5, 6]]
    assert trial.forward()[0].tolist() == [[1, 2, 3], [4, 5, 6]]
    W.diff = np.ones((2, 3))
    trial.backward([[1, 2, 3], [4, 5, 6]])
    assert W.diff.tolist() == [[2, 3, 4], [5, 6, 7]]


def test_gradient():
    check_gradient(make_layer("Parameter", spec=SPEC))


def test_two_backwards_add_up_and_in_place_leaves_the_parameter_alone():
    net = Net(
        f"""
        layer {{ name: "p" type: "Parameter" top: "w" {SPEC} }}
        layer {{ name: "r" type: "ReLU" bottom: "w" top: "w" }}
        layer {{ name: "s" type: "Reduction" bottom: "w" top: "y" loss_weight: 1 }}
    """,
        phase="TRAIN",
    )
    W = net.params["p"][0]
    W.data = [[1, -2, 3], [-4, 5, -6]]
    for _ in range(2):
        assert net.forward()["y"] == 9
        net.backward()
    assert W.data.tolist() == [[1, -2, 3], [-4, 5, -6]]
    assert W.diff.tolist() == [[2, 0, 2], [0, 2, 0]]
