import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from cafe_edu.data.datum import array_to_datum, datum_to_array, parse_datum
from cafe_edu.errors import DataError, ShapeError
from cafe_edu.proto.caffe_pb2 import Datum

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)
LABELS = st.integers(-(2**31), 2**31 - 1)
FLOATS = hnp.from_dtype(np.dtype(np.float32), allow_nan=False)


def through_bytes(array, label=0):
    return parse_datum(array_to_datum(array, label).SerializeToString())


@given(hnp.arrays(np.uint8, SHAPES), LABELS)
def test_bytes_come_back(array, label):
    datum = through_bytes(array, label)
    np.testing.assert_array_equal(datum_to_array(datum), array, strict=True)
    assert datum.label == label


@given(hnp.arrays(np.float32, SHAPES, elements=FLOATS), LABELS)
def test_floats_come_back(array, label):
    datum = through_bytes(array, label)
    np.testing.assert_array_equal(datum_to_array(datum), array, strict=True)
    assert datum.label == label


def test_other_numbers_become_float32():
    array = np.arange(6).reshape(1, 2, 3) - 3
    np.testing.assert_array_equal(datum_to_array(through_bytes(array)), array.astype(np.float32), strict=True)


def test_a_transposed_array_is_stored_as_it_reads():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(2, 0, 1)
    np.testing.assert_array_equal(datum_to_array(through_bytes(array)), array)


def test_caffes_own_datum(shared):
    datum = parse_datum((shared / "oracle/dataio/first_datum.bin").read_bytes())
    assert (datum.channels, datum.height, datum.width, datum.label) == (1, 28, 28, 2)
    with Image.open(shared / "oracle/data/png/train_0000.png") as image:
        np.testing.assert_array_equal(datum_to_array(datum)[0], np.asarray(image))


def test_bytes_win_over_floats():
    datum = Datum(channels=1, height=1, width=2, data=b"\1\2", float_data=[8, 9])
    np.testing.assert_array_equal(datum_to_array(datum), [[[1, 2]]])


def encoded(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return Datum(encoded=True, data=buffer.getvalue())


RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (4, 5, 3), np.uint8)
GRAY = RNG.integers(0, 256, (4, 5), np.uint8)


def test_an_encoded_colour_image_is_blue_green_red():
    array = datum_to_array(encoded(COLOUR))
    np.testing.assert_array_equal(array, COLOUR[:, :, ::-1].transpose(2, 0, 1), strict=True)
    assert array.flags.c_contiguous


def test_an_encoded_gray_image_stays_one_channel():
    np.testing.assert_array_equal(datum_to_array(encoded(GRAY)), GRAY[np.newaxis], strict=True)


def test_gray_is_forced_to_colour():
    np.testing.assert_array_equal(datum_to_array(encoded(GRAY), color=True), np.stack([GRAY] * 3))


def test_colour_is_forced_to_gray():
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 200
    np.testing.assert_array_equal(datum_to_array(encoded(red), color=False), [[[59]]])  # 0.299 * 200, cut


def test_transparency_is_a_fourth_channel_unless_colour_is_forced():
    pixels = RNG.integers(0, 256, (4, 5, 4), np.uint8)
    datum = encoded(pixels)
    np.testing.assert_array_equal(datum_to_array(datum), pixels[:, :, [2, 1, 0, 3]].transpose(2, 0, 1))
    assert datum_to_array(datum, color=True).shape == (3, 4, 5)


def test_a_palette_is_looked_up():
    image = Image.fromarray(COLOUR).quantize(8)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    array = datum_to_array(Datum(encoded=True, data=buffer.getvalue()))
    np.testing.assert_array_equal(array, np.asarray(image.convert("RGB"))[:, :, ::-1].transpose(2, 0, 1))


def test_a_jpeg_is_read():
    smooth = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    array = datum_to_array(encoded(smooth, "JPEG"))
    assert np.abs(array.astype(int) - np.array([50, 100, 200]).reshape(3, 1, 1)).max() <= 3


@pytest.mark.parametrize("shape", [(), (4,), (4, 4), (1, 1, 4, 4)])
def test_an_item_has_three_axes(shape):
    with pytest.raises(ShapeError, match=r"expected an item of 3 axes .*, found \d: \("):
        array_to_datum(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("label", [1.5, 2**31, float("nan"), float("inf"), "cat", "3", None])
def test_a_label_is_a_whole_number(label):
    with pytest.raises(DataError, match="expected a label that is a 32-bit whole number, found"):
        array_to_datum(np.zeros((1, 1, 1)), label)


def test_bytes_that_are_no_datum():
    with pytest.raises(
        DataError, match="expected a Datum, found 7 bytes that are none, beginning with b'rubbish'"
    ):
        parse_datum(b"rubbish")


@pytest.mark.parametrize(
    "datum",
    [
        Datum(),
        Datum(channels=1, height=2, width=2, data=b"123"),
        Datum(channels=1, height=2, width=2, float_data=[1, 2, 3]),
        Datum(channels=-1, height=-2, width=2, data=b"123"),
        Datum(channels=-1, height=-2, width=2, data=b"1234"),
        Datum(channels=0, height=2, width=2),
    ],
)
def test_values_that_do_not_fill_the_shape(datum):
    with pytest.raises(DataError, match=r"counts its values, found shape \(.*\) and \d values"):
        datum_to_array(datum)


def test_encoded_bytes_that_are_no_image():
    with pytest.raises(
        DataError, match=r"expected an encoded image .*, found 4 bytes, beginning with b'nope'"
    ):
        datum_to_array(Datum(encoded=True, data=b"nope"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_image_cut_short(kind):
    pixels = RNG.integers(0, 256, (40, 40, 3), np.uint8)
    whole = encoded(pixels, kind)
    with pytest.raises(DataError, match="an encoded image is damaged"):
        datum_to_array(Datum(encoded=True, data=whole.data[: len(whole.data) // 2]))


def test_sixteen_bits_are_refused():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((3, 3), np.uint16)).save(buffer, "PNG")
    with pytest.raises(DataError, match="expected an image of 8 bits per channel, found mode I"):
        datum_to_array(Datum(encoded=True, data=buffer.getvalue()))
