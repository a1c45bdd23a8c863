import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import DataError, NetError, ShapeError

P = np.array([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]])
T = np.array([1.0, 0, 1])
SURPRISE = -np.log([0.75, 0.5, 0.1])


def loss(x, t, spec="", **keywords):
    return make_layer("SoftmaxWithLoss", x, t, spec=spec, **keywords)


def test_by_hand():
    trial = loss(np.log(P), T)
    assert np.isclose(trial.forward()[0], SURPRISE.mean())
    dx, _ = trial.backward(2.0)
    assert np.allclose(dx, 2 / 3 * np.array([[0.25, -0.25], [-0.5, 0.5], [0.9, -0.9]]))


@pytest.mark.parametrize(
    ("spec", "Z"),
    [
        ("normalization: VALID", 2),
        ("normalization: FULL", 3),
        ("normalization: BATCH_SIZE", 3),
        ("normalization: NONE", 1),
        ("normalize: true", 2),
        ("normalize: false", 3),
        ("normalize: false normalization: VALID", 2),  # the new form wins
        ("", 2),
    ],
)
def test_what_the_sum_is_divided_by(spec, Z):
    trial = loss(np.log(P), [1, 255, 1], f"loss_param {{ ignore_label: 255 {spec} }}")
    assert np.isclose(trial.forward()[0], (SURPRISE[0] + SURPRISE[2]) / Z)
    dx, _ = trial.backward(1.0)
    assert np.allclose(dx, np.array([[0.25, -0.25], [0, 0], [0.9, -0.9]]) / Z)


def test_images_of_scores():
    """One item of 3 pixels: FULL divides by 3, BATCH_SIZE by 1."""
    x = np.log(P).T[None]  # (1, 2, 3)
    for normalization, Z in (("FULL", 3), ("BATCH_SIZE", 1)):
        trial = loss(x, T[None], f"loss_param {{ normalization: {normalization} }}")
        assert np.isclose(trial.forward()[0], SURPRISE.sum() / Z)


def test_all_ignored_is_no_loss():
    trial = loss(np.log(P), [7, 7, 7], "loss_param { ignore_label: 7 }")
    assert trial.forward()[0] == 0
    assert not trial.backward(1.0)[0].any()


def test_the_second_top_shows_the_probabilities():
    y, p = loss(np.log(P), T, tops=2).forward()
    assert y.shape == ()
    assert np.allclose(p, P)


def test_a_hopeless_answer_costs_a_finite_loss():
    trial = loss(np.array([[0.0, 1000]]), [0], dtype=np.float32)
    assert np.isclose(trial.forward()[0], 87.3365)  # -log of the smallest normal float32
    assert trial.backward(1.0)[0].tolist() == [[-1, 1]]


@pytest.mark.parametrize(("label", "said"), [(2, "2"), (-1, "-1"), (np.nan, "nan"), (0.5, "0.5")])
def test_a_label_that_is_no_class(label, said):
    with pytest.raises(DataError) as caught:
        loss(np.log(P), [0, 1, label]).forward()
    assert str(caught.value) == (
        f"label {said} of item 2 is out of range: expected a whole number from 0 to 1 for 2 classes"
    )


def test_errors():
    with pytest.raises(ShapeError, match=r"expected one label for each of 3 score vectors .*, found \(2,\)"):
        loss(np.log(P), [0, 1])
    with pytest.raises(ShapeError, match=r"expected an axis within \(3, 2\), found axis: 2"):
        loss(np.log(P), T, "softmax_param { axis: 2 }")
    with pytest.raises(NetError, match="expected 2 bottoms, found 1"):
        make_layer("SoftmaxWithLoss", np.log(P))
