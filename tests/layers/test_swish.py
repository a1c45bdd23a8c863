import numpy as np
import pytest

from cafe_edu import make_layer

L = np.log(3)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("options", "x", "y", "slope"),
    [
        ("", [[0.0, L, -L]], [[0, 3 / 4 * L, -L / 4]], [[1 / 2, 3 / 4 + 3 / 16 * L, 1 / 4 - 3 / 16 * L]]),
        ("beta: 2", [[0.0, L / 2]], [[0, 3 / 8 * L]], [[1 / 2, 3 / 4 + 3 / 16 * L]]),
        ("beta: 0", [[0.0, 4]], [[0, 2]], [[1 / 2, 1 / 2]]),
    ],
)
def test_by_hand(options, x, y, slope, in_place):
    trial = make_layer("Swish", x, spec=f"swish_param {{ {options} }}", in_place=in_place)
    assert np.allclose(trial.forward()[0], y)
    assert np.allclose(trial.backward(10 * np.ones(np.shape(x)))[0], 10 * np.array(slope))


def test_far_from_zero_it_is_a_relu():
    trial = make_layer("Swish", [[-1e4, 1e4]], dtype=np.float32)
    assert trial.forward()[0].tolist() == [[0, 1e4]]
    assert trial.backward([[1, 1]])[0].tolist() == [[0, 1]]
