import numpy as np
import pytest

from cafe_edu import Blob
from cafe_edu.errors import ShapeError


def test_a_new_blob_is_zero_in_float32():
    blob = Blob((2, 3), name="x")
    assert (blob.shape, blob.count, blob.data.dtype, blob.diff.dtype) == ((2, 3), 6, np.float32, np.float32)
    assert not blob.data.any()
    assert not blob.diff.any()


def test_one_number():
    blob = Blob()
    blob.data, blob.diff = 3, 4
    assert (blob.shape, blob.count, float(blob.data), float(blob.diff)) == ((), 1, 3, 4)


@pytest.mark.parametrize("what", ["data", "diff"])
def test_assigning_copies_in(what):
    blob, values = Blob((2,)), np.array([1.0, 2])
    view = getattr(blob, what)
    setattr(blob, what, values)
    values[0] = 9
    assert view.tolist() == [1, 2]
    assert view.dtype == np.float32


@pytest.mark.parametrize("what", ["data", "diff"])
@pytest.mark.parametrize("values", [1, [1, 2, 3], [[1], [2]], [[[1, 2, 3], [4, 5, 6]]], np.ones((3, 2))])
def test_assigning_never_broadcasts(what, values):
    blob = Blob((2, 3), name="x")
    with pytest.raises(ShapeError) as caught:
        setattr(blob, what, values)
    assert str(caught.value) == (f"expected {what} of shape (2, 3) for blob 'x', found {np.shape(values)}")
    assert not getattr(blob, what).any()


def test_augmented_assignment_works_in_place():
    blob = Blob((2,))
    view = blob.diff
    blob.diff += [1, 2]
    blob.diff *= 2
    blob.data -= 1
    assert view.tolist() == [2, 4]
    assert blob.data.tolist() == [-1, -1]


def test_a_blob_may_be_given_its_own_numbers_turned_round():
    blob = Blob((3,))
    blob.data = [1, 2, 3]
    blob.data = blob.data[::-1]
    assert blob.data.tolist() == [3, 2, 1]


def test_update_walks_downhill():
    blob = Blob((2,))
    blob.data, blob.diff = [1, 2], [0.5, -1]
    blob.update()
    assert blob.data.tolist() == [0.5, 3]


def test_reshape_keeps_the_memory_while_it_is_large_enough():
    blob = Blob((2, 6))
    blob.data = np.arange(12).reshape(2, 6)
    memory, slopes = blob.data, blob.diff
    for shape in ((3, 4), (1, 6), (0, 6), (), (12,)):
        blob.reshape(*shape)
        assert blob.data.shape == blob.diff.shape == shape
        assert blob.count == 0 or np.shares_memory(blob.data, memory)
        assert blob.count == 0 or np.shares_memory(blob.diff, slopes)
    assert blob.data.tolist() == list(range(12))
    blob.reshape(13)
    assert not np.shares_memory(blob.data, memory)


def test_a_shape_that_no_memory_holds():
    blob = Blob((2,), name="x")
    with pytest.raises(ShapeError, match=r"at most 2147483647 numbers, found 2147483648: \(65536, 32768\) for blob"):
        blob.reshape(65536, 32768)
    assert (blob.shape, blob.count) == ((2,), 2)


@pytest.mark.parametrize("shape", [(-1, 3), (2, 2.5), ((2, 3),), ("2",), (float("nan"),)])
def test_reshape_wants_whole_lengths(shape):
    blob = Blob((2,), name="x")
    with pytest.raises(ShapeError) as caught:
        blob.reshape(*shape)
    assert str(caught.value) == (
        f"expected whole axes of length 0 or more, as in reshape(2, 3), found {shape} for blob 'x'"
    )
    assert blob.shape == (2,)


def test_numbers_of_numpy_are_lengths_too():
    assert Blob((np.int64(2), 3.0)).shape == (2, 3)


def test_memory_is_taken_when_it_is_used():
    blob = Blob((10, 10))
    assert blob.nbytes == 0
    blob.data[...] = 1
    assert blob.nbytes == 400
    blob.diff[...] = 1
    assert blob.nbytes == 800


def test_sharing_data_and_diff():
    owner, both, data, diff = (Blob((2, 3), name=name) for name in ("owner", "both", "data", "diff"))
    both.share(owner)
    data.share_data(owner)
    diff.share_diff(owner)
    owner.data[...], owner.diff[...] = 1, 2
    assert both.data.all()
    assert data.data.all()
    assert both.diff.all()
    assert diff.diff.all()
    assert not data.diff.any()
    assert not diff.data.any()
    both.diff += 1
    assert (owner.diff == 3).all()


def test_sharing_under_another_shape():
    owner, view = Blob((2, 3)), Blob((6,))
    view.share(owner)
    owner.data = [[1, 2, 3], [4, 5, 6]]
    assert view.data.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("share", ["share", "share_data", "share_diff"])
def test_sharing_wants_the_same_count(share):
    with pytest.raises(ShapeError) as caught:
        getattr(Blob((2, 3), name="x"), share)(Blob((7,), name="y"))
    assert str(caught.value) == "blob 'x' (2, 3) cannot share with 'y' (7,): 6 numbers against 7"


def test_it_is_an_array_where_numpy_wants_one():
    blob = Blob((2,))
    blob.data = [1, 2]
    assert np.array_equal(np.asarray(blob), [1, 2])
    assert np.sum(np.asarray(blob, np.float64)) == 3
    copy = np.array(blob)
    copy[0] = 9
    assert blob.data[0] == 1


def test_how_it_shows():
    assert repr(Blob((2, 3), name="x")) == "Blob 'x' (2, 3) float32"
    assert "2 x 3" in Blob((2, 3), name="x")._repr_html_()


def test_caffes_old_names_of_the_first_four_axes():
    x = Blob((2, 3), name="x")
    assert (x.num, x.channels, x.height, x.width) == (2, 3, 1, 1)
    x.reshape(5, 4, 3, 2)
    assert (x.num, x.channels, x.height, x.width) == (5, 4, 3, 2)
    x.reshape(1, 1, 1, 1, 1)
    with pytest.raises(ShapeError, match=r"are names of 4 axes; blob 'x' is \(1, 1, 1, 1, 1\)"):
        x.num  # noqa: B018


def test_a_forgotten_diff_is_zero_for_all_who_look():
    x, y = Blob((2, 2)), Blob((4,))
    y.share(x)
    x.forget_diff()  # there is none yet
    x.diff[...] = 3
    x.forget_diff()
    assert (y.diff == 0).all()
    y.diff[...] += 1
    assert (x.diff == 1).all()
    x.forget_diff()
    x.diff = np.ones((2, 2))
    assert (x.diff == 1).all()


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("twin", [False, True])
def test_a_product_is_added_or_in_place_of_a_forgotten_diff_written(forget, twin):
    a, b = np.float32([[1, 2], [3, 4], [5, 6]]), np.float32([[1, 0, 2], [0, 1, 3]])
    x, other = Blob((3, 3)), Blob((9,))
    if twin:
        other.share(x)
    x.diff[...] = 10
    if forget:
        other.forget_diff() if twin else x.forget_diff()
    x.add_product(a, b)
    assert np.array_equal(x.diff, a @ b + (0 if forget else 10))
    x.add_product(a, b)
    assert np.array_equal(x.diff, 2 * (a @ b) + (0 if forget else 10))


def test_a_product_in_part_of_a_larger_memory_leaves_no_old_numbers_behind():
    x = Blob((3, 3))
    x.diff[...] = 7
    x.reshape(2, 2)
    x.forget_diff()
    x.add_product(np.ones((2, 1), np.float32), np.ones((1, 2), np.float32))
    assert (x.diff == 1).all()
    x.reshape(3, 3)
    assert x.diff.sum() == 4


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_an_array_taken_is_not_copied(shape):
    values, x = np.full(shape, 7, np.float32), Blob(shape)
    x.take_data(values)
    assert x.data.shape == shape
    assert np.array_equal(x.data, values)
    assert not values.size or np.shares_memory(x.data, values)
    assert not x.diff.any()


def test_what_is_taken_gets_the_type_of_the_blob():
    x = Blob((2, 3), np.float64)
    x.take_data(np.ones((3, 2), np.float32).T)
    assert x.data.dtype == np.float64
    assert x.data.flags.c_contiguous


def test_an_array_of_another_shape_is_not_taken():
    with pytest.raises(ShapeError, match=r"expected data of shape \(2,\) for blob 'x', found \(3,\)"):
        Blob((2,), name="x").take_data(np.ones(3))


def test_a_copy_is_lent_until_somebody_sees_the_numbers():
    x, other, copy = Blob((2,)), Blob((2, 1)), np.zeros(2, np.float32)
    other.share_data(x)
    x.lend_copy(copy)
    assert other.borrow_copy() is copy
    assert other.data.tolist() == [[0], [0]]
    assert x.borrow_copy() is None
