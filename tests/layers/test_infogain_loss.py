import numpy as np
import pytest

from cafe_edu import Net, caffemodel, make_layer
from cafe_edu.errors import DataError, ShapeError, SpecError

P = np.array([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]])
T = np.array([1.0, 0, 1])
H = np.array([[1.0, 0.5], [2, 3]])
LOSS = -(H[[1, 0, 1]] * np.log(P)).sum(axis=1)
SLOPE = P * np.array([[5], [1.5], [5]]) - H[[1, 0, 1]]


def loss(x, t, *H, spec="", **keywords):
    return make_layer("InfogainLoss", x, t, *H, spec=spec, **keywords)


@pytest.mark.parametrize("shape", [(2, 2), (1, 1, 2, 2)])
def test_by_hand(shape):
    trial = loss(np.log(P), T, H.reshape(shape))
    assert np.isclose(trial.forward()[0], LOSS.mean())
    assert np.allclose(trial.backward(2.0)[0], 2 / 3 * SLOPE)


def test_with_the_identity_it_is_softmax_with_loss():
    x = np.random.default_rng(0).normal(size=(2, 3, 2, 2))
    t = np.random.default_rng(1).integers(0, 3, (2, 2, 2))
    mine, other = loss(x, t, np.eye(3)), make_layer("SoftmaxWithLoss", x, t)
    assert np.isclose(mine.forward()[0], other.forward()[0])
    assert np.allclose(mine.backward(1.0)[0], other.backward(1.0)[0])


@pytest.mark.parametrize(
    ("options", "Z"),
    [
        ("", 2),
        ("normalization: FULL", 3),
        ("normalization: BATCH_SIZE", 3),
        ("normalization: NONE", 1),
        ("normalize: false", 3),
    ],
)
def test_what_the_sum_is_divided_by(options, Z):
    trial = loss(np.log(P), [1, 255, 1], H, spec=f"loss_param {{ ignore_label: 255 {options} }}")
    assert np.isclose(trial.forward()[0], (LOSS[0] + LOSS[2]) / Z)
    assert np.allclose(trial.backward(1.0)[0], SLOPE * [[1], [0], [1]] / Z)


def test_the_second_top_shows_the_probabilities():
    assert np.allclose(loss(np.log(P), T, H, tops=2).forward()[1], P)


def test_a_hopeless_answer_costs_a_finite_loss():
    trial = loss(np.array([[0.0, 1000]]), [0], np.eye(2), dtype=np.float32)
    assert np.isclose(trial.forward()[0], -np.log(1e-20))


NET = """
layer { name: "x" type: "Input" top: "x" top: "t"
        input_param { shape { dim: 3 dim: 2 } shape { dim: 3 } } }
layer { name: "loss" type: "InfogainLoss" bottom: "x" bottom: "t" top: "loss"
        infogain_loss_param { source: "H.binaryproto" } }
"""


def test_from_a_file_beside_the_prototxt(tmp_path):
    caffemodel.write_blobproto(tmp_path / "H.binaryproto", H.reshape(1, 1, 2, 2))
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")
    net = Net(tmp_path / "net.prototxt")
    assert np.isclose(net.forward(x=np.log(P), t=T)["loss"], LOSS.mean(), rtol=1e-6)


def test_errors():
    with pytest.raises(SpecError) as caught:
        loss(np.log(P), T)
    assert str(caught.value) == "expected H as a third bottom or as `source` in `infogain_loss_param`, found neither"
    with pytest.raises(DataError, match=r"no such file: nowhere\.binaryproto"):
        loss(np.log(P), T, spec="infogain_loss_param { source: 'nowhere.binaryproto' }")
    with pytest.raises(ShapeError) as caught:
        loss(np.log(P), T, np.eye(3))
    assert str(caught.value) == "expected H of shape (2, 2) for 2 classes, found (3, 3)"
    with pytest.raises(DataError, match="label 2 of item 0 is out of range"):
        loss(np.log(P), [2, 0, 0], H).forward()
