"""Images from files, in the form and size that a net wants."""

import io

import numpy as np
import pytest
from PIL import Image

from cafe_edu.data.images import decode_image, load_image, read_image, resize
from cafe_edu.errors import DataError


def test_resizing_is_opencvs_pixel_for_pixel(data_folder):
    """The stored input is cat.jpg as OpenCV resized it, less the mean of each channel."""
    with np.load(data_folder / "squeezenet_v1.0_deepcomp" / "opencv_oracle.npz") as file:
        expected = file["input"][0] + np.float32([104, 117, 123]).reshape(3, 1, 1)
    found = read_image(data_folder / "imagenet_aux" / "cat.jpg", (3, 227, 227))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_size_changes_nothing(channels):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    assert np.array_equal(resize(image, 5, 7), image)


def test_one_colour_stays_one_colour():
    assert (resize(np.full((9, 4, 3), 77, np.uint8), 5, 11) == 77).all()


def test_channels_and_order(tmp_path):
    Image.new("RGB", (2, 3), (10, 20, 30)).save(tmp_path / "colour.png")
    assert read_image(tmp_path / "colour.png", (3, 3, 2))[:, 0, 0].tolist() == [30, 20, 10]
    grey = read_image(tmp_path / "colour.png", (1, 3, 2))
    assert grey.shape == (1, 3, 2)
    assert read_image(tmp_path / "colour.png", (1, 3, 2), invert=True)[0, 0, 0] == 255 - grey[0, 0, 0]


def test_two_channels_are_refused(tmp_path):
    with pytest.raises(DataError, match="an image file has 1 or 3 channels, the net wants 2"):
        read_image(tmp_path / "any.png", (2, 4, 4))


RNG = np.random.default_rng(0)


def encoded(pixels, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def test_half_the_size_is_the_mean_of_each_four():
    image = np.array([[1, 2, 10, 20], [3, 5, 30, 41]], np.uint8)[..., np.newaxis]
    assert resize(image, 1, 2).ravel().tolist() == [3, 25]  # 11 / 4 and 101 / 4, rounded


def test_any_size_to_any_size_as_opencv():
    cv2 = pytest.importorskip("cv2", reason="OpenCV, the judge, is not installed")
    for i in range(1500):
        h, w, H, W = map(int, RNG.integers(1, 50, 4))
        if i % 5 == 0:
            h, w = 2 * H, 2 * W
        image = RNG.integers(0, 256, (h, w, 3), np.uint8)
        expected = cv2.resize(image, (W, H), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_array_equal(resize(image, H, W), expected, err_msg=f"{h} x {w} to {H} x {W}")


KINDS = [("PNG", {}), ("BMP", {}), ("JPEG", {"quality": 90}), ("JPEG", {"quality": 40, "subsampling": 2})]


@pytest.mark.parametrize(("kind", "options"), KINDS)
@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pixels_as_opencv_decodes_them(kind, options, color, channels):
    cv2 = pytest.importorskip("cv2", reason="OpenCV, the judge, is not installed")
    if channels == 4 and kind != "PNG":
        pytest.skip("this kind of file has no transparency")
    pixels = RNG.integers(0, 256, (20, 30, channels), np.uint8)
    content = encoded(pixels[..., 0] if channels == 1 else pixels, kind, **options)
    flag = cv2.IMREAD_COLOR if color else cv2.IMREAD_GRAYSCALE
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    expected = expected.transpose(2, 0, 1) if color else expected[np.newaxis]
    np.testing.assert_array_equal(decode_image(content, color), expected)


def test_gray_of_a_png_is_cut_and_of_others_rounded():
    pixels = np.full((1, 1, 3), (200, 0, 0), np.uint8)
    assert decode_image(encoded(pixels, "PNG"), False).item() == 59  # 59.8
    assert decode_image(encoded(pixels, "BMP"), False).item() == 60


def test_sixteen_bits_become_eight_where_a_colour_is_asked_for():
    pixels = RNG.integers(0, 2**16, (3, 4), np.uint16)
    content = encoded(pixels, "PNG")
    np.testing.assert_array_equal(decode_image(content, False), pixels[np.newaxis] >> 8)
    np.testing.assert_array_equal(decode_image(content, True), np.stack([pixels >> 8] * 3))


def test_an_image_that_lies_on_its_side_is_turned_where_a_colour_is_asked_for():
    notes = Image.Exif()
    notes[274] = 6  # its left side is up
    pixels = RNG.integers(0, 256, (2, 3, 3), np.uint8)
    content = encoded(pixels, "PNG", exif=notes)
    expected = np.rot90(pixels[:, :, ::-1], -1).transpose(2, 0, 1)
    np.testing.assert_array_equal(decode_image(content, True), expected)
    assert decode_image(content, False).shape == (1, 3, 2)
    assert decode_image(content).shape == (3, 2, 3)


def test_a_file_is_read_and_resized(tmp_path):
    pixels = RNG.integers(0, 256, (5, 7, 3), np.uint8)
    (tmp_path / "a.png").write_bytes(encoded(pixels, "PNG"))
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), pixels[:, :, ::-1].transpose(2, 0, 1))
    x = load_image(tmp_path / "a.png", False, (4, 3))
    assert (x.shape, x.dtype, x.flags.c_contiguous) == ((1, 4, 3), np.uint8, True)
    np.testing.assert_array_equal(x[0], resize(decode_image(encoded(pixels, "PNG"), False)[0, ..., None], 4, 3)[..., 0])


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot read the image .*nowhere\.png: No such file"):
        load_image(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="cannot read the image a\0b: embedded null byte"):
        load_image("a\0b")
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(DataError, match=r"a\.png: expected an encoded image \(PNG, JPEG\), found 10 bytes"):
        load_image(tmp_path / "a.png")


def test_a_file_that_would_be_run_is_no_image():
    """pillow hands EPS files to another program."""
    with pytest.raises(DataError, match="expected an encoded image"):
        decode_image(encoded(np.zeros((2, 2), np.uint8), "EPS"))
