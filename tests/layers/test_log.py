import numpy as np
import pytest

from cafe_edu import make_layer
from cafe_edu.errors import SpecError


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("options", "x", "y", "slope"),
    [
        ("", [[1.0, np.e, 1 / np.e]], [[0, 1, -1]], [[1, 1 / np.e, np.e]]),
        ("base: 2", [[1.0, 8, 0.5]], [[0, 3, -1]], np.array([[1, 1 / 8, 2]]) / np.log(2)),
        ("base: 0.5", [[1.0, 8, 0.5]], [[0, -3, 1]], -np.array([[1, 1 / 8, 2]]) / np.log(2)),
        ("base: 10 scale: -3 shift: 1", [[0.0, -3, -33]], [[0, 1, 2]], -3 / np.log(10) / np.array([[1, 10, 100]])),
    ],
)
def test_by_hand(options, x, y, slope, in_place):
    trial = make_layer("Log", x, spec=f"log_param {{ {options} }}", in_place=in_place)
    assert np.allclose(trial.forward()[0], y)
    dy = np.array([[1.0, 10, 100]])
    assert np.allclose(trial.backward(dy)[0], dy * slope)


@pytest.mark.parametrize("base", ["0", "1", "-2", "inf", "nan"])
def test_a_base_that_is_none(base):
    with pytest.raises(SpecError) as caught:
        make_layer("Log", [[1.0]], spec=f"log_param {{ base: {base} }}")
    assert str(caught.value) == f"expected a `base` above 0 and not 1, or -1 for e, found {base}"
