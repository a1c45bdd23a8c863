import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

P = np.array([[0.25, 0.5], [0.9, 0.8]])
X = np.log(P / (1 - P))
T = np.array([[1.0, 0], [0.5, 1]])
LOSS = -(T * np.log(P) + (1 - T) * np.log(1 - P))


def loss(x, t, options="", **keywords):
    return make_layer("SigmoidCrossEntropyLoss", x, t, spec=f"loss_param {{ {options} }}", **keywords)


def test_by_hand():
    trial = loss(X, T)
    assert np.isclose(trial.forward()[0], LOSS.sum() / 2)
    assert np.allclose(trial.backward(3.0)[0], 3 * (P - T) / 2)


@pytest.mark.parametrize(
    ("options", "Z"),
    [
        ("", 2),
        ("normalization: BATCH_SIZE", 2),
        ("normalization: VALID", 3),
        ("normalization: FULL", 4),
        ("normalization: NONE", 1),
        ("normalize: true", 3),
        ("normalize: false", 2),
        ("normalize: true normalization: FULL", 4),  # the new form wins
    ],
)
def test_what_the_sum_is_divided_by(options, Z):
    t = np.array([[1, 0], [-1, 1.0]])
    trial = loss(X, t, f"ignore_label: -1 {options}")
    said = np.log([0.25, 0.5, 0.8])
    assert np.isclose(trial.forward()[0], -said.sum() / Z)
    assert np.allclose(trial.backward(1.0)[0], np.array([[-0.75, 0.5], [0, -0.2]]) / Z)


def test_the_whole_part_of_a_target_is_compared():
    trial = loss(X, T, "ignore_label: 0 normalization: NONE")  # 0 and 0.5 do not count
    assert np.isclose(trial.forward()[0], LOSS[0, 0] + LOSS[1, 1])


def test_hopeless_answers_cost_a_finite_loss():
    trial = loss([[1000.0, -1000]], [[0, 1]], dtype=np.float32)
    assert trial.forward()[0] == 2000
    assert trial.backward(1.0)[0].tolist() == [[1, -1]]


def test_errors():
    with pytest.raises(ShapeError) as caught:
        loss(X, np.ones((2, 3)))
    assert str(caught.value) == "expected one target for each score of (2, 2), found (2, 3)"
    with pytest.raises(ShapeError, match=r"expected one target for each score of \(2, 2\), found \(4,\)"):
        loss(X, np.ones(4))
