import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import ShapeError

X = np.array([[1.0, 3], [10, 4]])  # means 2 and 7, standard deviations 1 and 3


@pytest.mark.parametrize("in_place", [False, True])
def test_by_hand(in_place):
    trial = make_layer("LayerNorm", X, spec="layer_norm_param { eps: 0 }", in_place=in_place)
    assert trial.forward()[0].tolist() == [[-1, 1], [1, -1]]
    scale, shift = trial.layer.params
    scale.data, shift.data = [2, 5], [10, 20]
    if in_place:
        trial.bottom[0].data = X
    assert trial.forward()[0].tolist() == [[8, 25], [12, 15]]
    dy = np.array([[1.0, 2], [3, 4]])
    trial.backward(dy)
    assert scale.diff.tolist() == [-1 + 3, 2 - 4]
    assert shift.diff.tolist() == [4, 6]


def test_two_numbers_have_no_slope():
    """Of two numbers always one becomes 1 and the other -1, whatever they are."""
    trial = make_layer("LayerNorm", X, spec="layer_norm_param { eps: 0 }")
    trial.forward()
    assert np.allclose(trial.backward([[1.0, 2], [3, 4]])[0], 0)


@pytest.mark.parametrize(("axis", "item"), [(1, (3, 4)), (2, (4,)), (-1, (4,)), (-2, (3, 4)), (0, (2, 3, 4))])
def test_against_each_item_by_itself(axis, item):
    rng = np.random.default_rng(0)
    x = rng.normal(2, 3, size=(2, 3, 4))
    trial = make_layer("LayerNorm", x, spec=f"layer_norm_param {{ axis: {axis} eps: 0.1 }}")
    scale, shift = trial.layer.params
    assert scale.shape == shift.shape == item
    scale.data, shift.data = rng.normal(size=item), rng.normal(size=item)
    y = trial.forward()[0].reshape(-1, *item)
    for x_m, y_m in zip(x.reshape(-1, *item), y, strict=True):
        expected = (x_m - x_m.mean()) / np.sqrt(x_m.var() + 0.1) * scale.data + shift.data
        assert np.allclose(y_m, expected, rtol=1e-12)


def test_items_that_are_all_one_number_become_the_shift():
    trial = make_layer("LayerNorm", np.full((2, 3), 7.0), dtype=np.float32)
    trial.layer.params[1].data = [1, 2, 3]
    assert trial.forward()[0].tolist() == [[1, 2, 3]] * 2


def test_training_and_test_are_the_same():
    train, test = (make_layer("LayerNorm", X, phase=phase).forward()[0] for phase in ("TRAIN", "TEST"))
    assert np.array_equal(train, test)


def test_errors():
    with pytest.raises(ShapeError, match=r"expected an axis within \(2, 2\), found axis: 2"):
        make_layer("LayerNorm", X, spec="layer_norm_param { axis: 2 }")
    trial = make_layer("LayerNorm", X)
    trial.bottom[0].reshape(2, 3)
    with pytest.raises(ShapeError) as caught:
        trial.forward()
    assert str(caught.value) == "expected items of the scale's shape (2,) from axis 1 on, found (2, 3)"
