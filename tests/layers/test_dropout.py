import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import SpecError

ONES = np.ones((100, 200))


def dropout(x, ratio, **keywords):
    return make_layer("Dropout", x, spec=f"dropout_param {{ dropout_ratio: {ratio} }}", **keywords)


@pytest.mark.parametrize("ratio", [0, 0.2, 0.5, 0.9])
def test_a_share_is_forgotten_and_the_mean_stays(ratio):
    (y,) = dropout(ONES, ratio).forward()
    assert abs((y == 0).mean() - ratio) < 0.01
    assert np.allclose(y[y != 0], 1 / (1 - ratio))
    assert abs(y.mean() - 1) < 0.03


@pytest.mark.parametrize("in_place", [False, True])
def test_the_gradient_goes_through_what_was_kept(in_place):
    trial = dropout(ONES, 0.3, in_place=in_place)
    kept = trial.forward()[0] != 0
    (dx,) = trial.backward(3 * ONES)
    assert np.allclose(dx, np.where(kept, 3 / 0.7, 0))


@pytest.mark.parametrize("in_place", [False, True])
def test_a_test_net_forgets_nothing(in_place):
    trial = dropout(ONES, 0.3, phase="TEST", in_place=in_place)
    assert np.array_equal(trial.forward()[0], ONES)
    assert np.array_equal(trial.backward(2 * ONES)[0], 2 * ONES)


def test_each_forward_forgets_another_part():
    trial = dropout(ONES, 0.5)
    first = trial.forward()[0]
    trial.layer.forward(trial.bottom, trial.top)
    assert (trial.top[0].data != first).any()


def test_one_seed_one_mask():
    a, b = (dropout(ONES.astype(dtype), 0.5, dtype=dtype, seed=3) for dtype in (np.float32, np.float64))
    assert np.array_equal(a.forward()[0], b.forward()[0])


@pytest.mark.parametrize("ratio", ["1", "-0.1", "1.5", "nan"])
def test_errors(ratio):
    with pytest.raises(SpecError) as caught:
        dropout(ONES, ratio)
    assert str(caught.value) == f"expected `dropout_ratio` in [0, 1), found {ratio}"
