import pytest

from cafe_edu.arrays.axes import around, canonical
from cafe_edu.errors import ShapeError


@pytest.mark.parametrize(("axis", "found"), [(0, 0), (2, 2), (-1, 2), (-3, 0)])
def test_canonical(axis, found):
    assert canonical(axis, (2, 3, 4)) == found


@pytest.mark.parametrize(("axis", "shape"), [(3, (2, 3, 4)), (-4, (2, 3, 4)), (0, ())])
def test_no_such_axis(axis, shape):
    with pytest.raises(ShapeError) as caught:
        canonical(axis, shape)
    assert str(caught.value) == f"expected an axis within {shape}, found axis: {axis}"


def test_around():
    assert around(0, (2, 3, 4)) == (1, 2, 12)
    assert around(2, (2, 3, 4)) == (6, 4, 1)
