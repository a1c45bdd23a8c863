import io

import numpy as np
import pytest
from PIL import Image

from cafe_edu.data.imread import imread
from cafe_edu.errors import DataError


def saved(image, kind="png", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


@pytest.mark.parametrize("kind", ["png", "bmp", "ppm", "tiff"])
def test_colour_is_blue_green_red(rgb, kind):
    np.testing.assert_array_equal(imread(saved(Image.fromarray(rgb), kind)), rgb[:, :, ::-1])


@pytest.mark.parametrize("kind", ["png", "bmp", "ppm", "tiff", "jpeg"])
@pytest.mark.parametrize("color", [True, False])
def test_as_opencv(rgb, kind, color):
    cv2 = pytest.importorskip("cv2")
    big = np.kron(rgb, np.ones((9, 9, 1), np.uint8))
    file = saved(Image.fromarray(big), kind)
    flag = cv2.IMREAD_COLOR if color else cv2.IMREAD_GRAYSCALE
    expected = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), flag)
    np.testing.assert_array_equal(imread(file, color), expected.reshape(*big.shape[:2], -1))


def test_gray_by_the_rule_of_its_kind():
    pixel = Image.new("RGB", (1, 1), (200, 100, 3))
    assert imread(saved(pixel, "png"), color=False).item() == (9797 * 200 + 19234 * 100 + 3737 * 3) // 2**15
    assert imread(saved(pixel, "bmp"), color=False).item() == (4899 * 200 + 9617 * 100 + 1868 * 3 + 2**13) // 2**14


def test_gray_files_as_gray_and_colour(rgb):
    gray = rgb[:, :, 0]
    np.testing.assert_array_equal(imread(saved(Image.fromarray(gray)), color=False), gray[:, :, None])
    np.testing.assert_array_equal(imread(saved(Image.fromarray(gray))), np.dstack([gray] * 3))


def test_of_16_bits_the_upper_8_are_taken():
    deep = np.array([[0, 255, 256, 65535]], np.uint16)
    np.testing.assert_array_equal(imread(saved(Image.fromarray(deep)), color=False)[0, :, 0], [0, 0, 1, 255])


def test_transparency_is_dropped(rgb):
    clear = Image.fromarray(np.dstack([rgb, np.zeros((5, 7), np.uint8)]))
    np.testing.assert_array_equal(imread(saved(clear)), rgb[:, :, ::-1])


def test_a_palette_is_looked_up(rgb):
    image = Image.fromarray(rgb).quantize(8)
    np.testing.assert_array_equal(imread(saved(image)), np.asarray(image.convert("RGB"))[:, :, ::-1])


def test_black_and_white():
    np.testing.assert_array_equal(imread(saved(Image.new("1", (2, 1), 1)), color=False).ravel(), [255, 255])


def test_a_photo_is_turned_as_it_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    assert imread(saved(Image.new("RGB", (30, 10)), "jpeg", exif=exif)).shape == (30, 10, 3)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=r"no such image: .*nowhere.png"):
        imread(tmp_path / "nowhere.png")


def test_what_is_no_image(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(DataError, match=r"text.png is not an image that pillow reads"):
        imread(tmp_path / "text.png")


def test_a_file_cut_short(tmp_path, rgb):
    (tmp_path / "half.png").write_bytes(saved(Image.fromarray(rgb)).getvalue()[:60])
    with pytest.raises(DataError, match=r"half.png is damaged, or not an image"):
        imread(tmp_path / "half.png")


def test_numbers_that_are_no_pixels():
    with pytest.raises(DataError, match="expected 8 or 16 bits per channel, found pillow's mode F"):
        imread(saved(Image.new("F", (2, 2)), "tiff"))
