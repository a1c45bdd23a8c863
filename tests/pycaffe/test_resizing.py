import numpy as np
import pytest

from cafe_edu.pycaffe.resizing import resize_image


@pytest.fixture(scope="module")
def stored(shared):
    with np.load(shared / "oracle/pycaffe/io_classifier.npz") as file:
        return dict(file)


@pytest.mark.parametrize(
    ("image", "size", "order", "expected"),
    [
        ("img", (11, 17), 1, "resize_3ch"),
        ("img4", (12, 5), 1, "resize_4ch_zoom"),
        ("img", (40, 60), 0, "resize_up_order0"),
    ],
)
def test_numbers_are_caffes(stored, image, size, order, expected):
    found = resize_image(stored[image], size, order)
    np.testing.assert_allclose(found, stored[expected], rtol=1e-4, atol=1e-5)
    assert found.dtype == np.float32


def test_a_constant_image_stays_so(stored):
    np.testing.assert_array_equal(resize_image(np.full((6, 5, 3), 0.3), (3, 4)), stored["resize_const"], strict=True)


def test_twice_as_wide_by_hand():
    # the new pixels lie at -1/4, 1/4, 3/4, 5/4 of the old ones' places; before the first lies the darkest value
    found = resize_image(np.array([[[1.0], [5.0]]]), (1, 4))
    assert found.ravel().tolist() == [1, 2, 4, 4]


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_whole_numbers_and_the_same_size(channels):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, channels), dtype=np.uint8)
    np.testing.assert_allclose(resize_image(image, (4, 5)), image, atol=1e-4)


def test_smaller_images_are_smoothed_first():
    stripes = np.tile([[[0.0], [1.0]]], (32, 16, 1))
    found = resize_image(stripes, (8, 8))[2:-2, 2:-2]
    np.testing.assert_allclose(found, 0.5, atol=0.02)


def test_splines_do_not_leave_the_images_range():
    step = np.repeat([0.0, 1.0], 8).reshape(1, 16, 1) + np.zeros((16, 1, 3))
    found = resize_image(step, (40, 40), 3)
    assert found.min() == 0
    assert found.max() == 1
