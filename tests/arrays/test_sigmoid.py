import numpy as np

from cafe_edu.arrays.sigmoid import sigmoid


def test_by_hand():
    assert np.allclose(sigmoid(np.log([1.0, 3, 1 / 3])), [1 / 2, 3 / 4, 1 / 4])


def test_numbers_of_any_size_stay_finite():
    assert sigmoid(np.array([-1e30, 1e30], np.float32)).tolist() == [0, 1]


def test_it_writes_where_it_is_told_and_leaves_x_alone():
    x = np.array([0.0, np.log(3)])
    before, out = x.copy(), np.empty(2)
    assert sigmoid(x, out) is out
    assert np.allclose(out, [0.5, 0.75])
    assert np.array_equal(x, before)
    assert sigmoid(x, x) is x
    assert np.array_equal(x, out)


def test_the_type_stays():
    for dtype in (np.float32, np.float64):
        assert sigmoid(np.zeros((2, 3), dtype)).dtype == dtype
    assert sigmoid(np.array(0.0)) == 0.5
