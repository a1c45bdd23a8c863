import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import SpecError


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("options", "x", "y", "slope"),
    [
        ("", np.log([[1.0, 2, 3]]), [[1, 2, 3]], [[1, 2, 3]]),
        ("shift: 1 scale: 2", [[0.0, -0.5, 0.5]], np.exp([[1.0, 0, 2]]), 2 * np.exp([[1.0, 0, 2]])),
        ("base: 2", [[0.0, 3, -1]], [[1, 8, 0.5]], np.log(2) * np.array([[1, 8, 0.5]])),
        ("base: 2 scale: 3 shift: 1", [[0.0, 1, -1]], [[2, 16, 1 / 4]], 3 * np.log(2) * np.array([[2, 16, 1 / 4]])),
        ("base: 1", [[0.0, 1, -1]], [[1, 1, 1]], [[0, 0, 0]]),
    ],
)
def test_by_hand(options, x, y, slope, in_place):
    trial = make_layer("Exp", x, spec=f"exp_param {{ {options} }}", in_place=in_place)
    assert np.allclose(trial.forward()[0], y)
    dy = np.array([[1.0, 10, 100]])
    assert np.allclose(trial.backward(dy)[0], dy * slope)


@pytest.mark.parametrize("base", ["0", "-2", "inf", "nan"])
def test_a_base_that_is_none(base):
    with pytest.raises(SpecError) as caught:
        make_layer("Exp", [[1.0]], spec=f"exp_param {{ base: {base} }}")
    assert str(caught.value) == f"expected a `base` above 0, or -1 for e, found {base}"
