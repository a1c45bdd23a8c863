import numpy as np
import pytest

from cafe_edu import Net, make_layer
from cafe_edu.errors import NetError, ShapeError
from cafe_edu.testing import check_gradient

X, T, S = [[1.0, 2], [3, 4], [5, 6]], [7.0, 8, 9], [1.0, 0, -2]


def test_by_hand():
    trial = make_layer("Filter", X, T, S, tops=2)
    assert [y.tolist() for y in trial.forward()] == [[[1, 2], [5, 6]], [7, 9]]
    dx, dt, _ = trial.backward([[1, 2], [3, 4]], [5, 6])
    assert dx.tolist() == [[1, 2], [0, 0], [3, 4]]
    assert dt.tolist() == [5, 0, 6]


def test_the_tops_have_room_for_all_until_it_runs():
    trial = make_layer("Filter", X, S)
    assert trial.top[0].shape == (3, 2)
    trial.forward()
    assert trial.top[0].shape == (2, 2)
    trial.bottom[1].data = [1, 1, 1]
    assert trial.forward()[0].tolist() == X


def test_nothing_goes_through():
    trial = make_layer("Filter", X, [0.0, 0, 0])
    assert trial.forward()[0].shape == (0, 2)
    assert not trial.backward(np.ones((0, 2)))[0].any()


def test_gradient():
    check_gradient(make_layer("Filter", X, T, np.reshape(S, (3, 1, 1)), tops=2))


def test_the_layers_behind_it_follow():
    net = Net(
        """
        layer { name: "x" type: "Input" top: "x" top: "s" input_param { shape { dim: 3 dim: 1 } } }
        layer { name: "f" type: "Filter" bottom: "x" bottom: "s" top: "y" }
        layer { name: "r" type: "ReLU" bottom: "y" top: "z" }
    """
    )
    assert net.blobs["z"].shape == (3, 1)
    for s, z in [([[0], [1], [1]], [[0], [3]]), ([[0], [0], [0]], []), ([[1], [1], [1]], [[1], [0], [3]])]:
        assert net.forward(x=[[1], [-2], [3]], s=s)["z"].tolist() == z


@pytest.mark.parametrize(
    ("bottom", "tops", "error", "says"),
    [
        ([X, S], 2, NetError, "expected one top for each bottom but the last, 1, found 2"),
        ([X, X], 1, ShapeError, "expected a selector (N,) or (N, 1, ...), found (3, 2)"),
        ([X, 1.0], 1, ShapeError, "expected a selector (N,) or (N, 1, ...), found ()"),
        (
            [X, [1.0, 2]],
            1,
            ShapeError,
            "expected 2 items, one for each entry of the selector, found (3, 2)",
        ),
    ],
)
def test_errors(bottom, tops, error, says):
    with pytest.raises(error) as caught:
        make_layer("Filter", *bottom, tops=tops)
    assert str(caught.value) == says
