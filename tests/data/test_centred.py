"""What is drawn ends as MNIST's digits are: 20 pixels in 28, centre of mass in the middle."""

import numpy as np
import pytest

from cafe_edu.data.centred import centre_ink
from cafe_edu.errors import DataError, ShapeError


def box(picture):
    rows, columns = picture.nonzero()
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def centre(picture):
    places = np.indices(picture.shape)
    return (places * picture).sum(axis=(1, 2)) / picture.sum()


@pytest.mark.parametrize("side", [14, 60, 280])
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (1, 1)])
def test_size_and_place_do_not_matter(side, corner):
    ink = np.zeros((side, side))
    n = side // 3
    y, x = (c * (side - n) for c in corner)
    ink[y : y + n, x : x + n // 2] = 255
    y0, y1, x0, x1 = box(centre_ink(ink))
    assert (y0, y1) == (5, 25)
    assert x1 - x0 in (9, 10)
    assert x0 + x1 in (29, 30)


def test_the_centre_of_mass_is_in_the_middle_not_that_of_the_box():
    ink = np.zeros((100, 100))
    ink[10:90, 20:30] = 200  # a long stroke at the left, a short one that goes right from its foot
    ink[80:90, 30:50] = 200
    picture = centre_ink(ink)
    assert np.abs(centre(picture) - 14).max() <= 0.5
    y0, y1, x0, x1 = box(picture)
    assert y1 - y0 == 20
    assert (x0 + x1) / 2 > 15


def test_ink_keeps_its_darkness():
    ink = np.zeros((280, 280))
    ink[40:240, 100:150] = 255
    picture = centre_ink(ink)
    assert picture.max() == 255
    assert picture.dtype == np.float32


def test_no_ink_is_lost_where_the_mass_is_far_from_the_middle():
    ink = np.zeros((200, 200))
    ink[0:200, 0:100] = 1
    ink[0:200, 199] = 0.01  # the box is wide, the mass at its left
    picture = centre_ink(ink, (28, 22))
    y0, y1, x0, x1 = box(picture)
    assert (y1 - y0, x1 - x0) == (16, 16)


def test_no_ink_is_all_paper():
    assert centre_ink(np.zeros((5, 5)), (12, 8)).tolist() == np.zeros((12, 8)).tolist()


def test_a_dot_is_a_large_dot():
    ink = np.zeros((50, 50))
    ink[3, 7] = 1
    assert box(centre_ink(ink)) == (5, 25, 5, 25)


def test_what_is_no_ink_is_refused():
    with pytest.raises(ShapeError, match=r"expected ink \(H, W\).*found \(1, 5, 5\)"):
        centre_ink(np.zeros((1, 5, 5)))
    with pytest.raises(DataError, match="ink of 0 or more"):
        centre_ink([[-1.0, 1.0]])


def test_mnist_is_left_where_it_is(data_folder):
    """Real MNIST digits were made this way: done again, almost nothing moves."""
    from cafe_edu.data.idx import read_idx

    images = read_idx(data_folder / "mnist" / "t10k-images-idx3-ubyte.gz")[:200]
    moved = [np.abs(centre(centre_ink(image)) - centre(image)).max() for image in images]
    assert np.median(moved) < 0.3
    assert all(np.abs(centre(centre_ink(image)) - 14).max() <= 0.51 for image in images)
    alike = [np.corrcoef(centre_ink(image).ravel(), image.ravel())[0, 1] for image in images]
    assert np.median(alike) > 0.95
