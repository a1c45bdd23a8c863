import numpy as np
import pytest
from PIL import Image

import cafe_edu.pycaffe as caffe
from cafe_edu.errors import DataError
from cafe_edu.proto import caffe_pb2
from cafe_edu.pycaffe import io


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "oracle/pycaffe"


@pytest.fixture(scope="module")
def stored(folder):
    with np.load(folder / "io_classifier.npz") as file:
        return dict(file)


# ---- images ----


@pytest.fixture
def picture(tmp_path):
    """Save pixels as a file in a mode of pillow."""

    def picture(pixels, mode=None):
        image = Image.fromarray(np.array(pixels))
        image = image.convert(mode) if mode else image
        image.save(tmp_path / "picture.png")
        return tmp_path / "picture.png"

    return picture


COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)


def test_colours(picture):
    found = caffe.io.load_image(str(picture(COLOURS)))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, COLOURS / 255)


def test_grey_of_colours(picture):
    found = io.load_image(picture(COLOURS), color=False)
    np.testing.assert_allclose(found, [[[0.2125], [0.7154]], [[0.0721], [1]]], rtol=1e-6)


def test_colour_of_grey(picture):
    path = picture(np.array([[0, 51]], np.uint8))
    np.testing.assert_allclose(io.load_image(path), [[[0] * 3, [0.2] * 3]], rtol=1e-6)
    assert io.load_image(path, color=False).shape == (1, 2, 1)


def test_transparency_is_dropped_in_colour_and_white_in_grey(picture):
    path = picture(np.array([[[255, 0, 0, 0], [255, 255, 255, 255]]], np.uint8))
    assert io.load_image(path).tolist() == [[[1, 0, 0], [1, 1, 1]]]
    np.testing.assert_allclose(io.load_image(path, color=False), [[[1], [1]]], rtol=1e-6)


@pytest.mark.parametrize("mode", ["1", "P"])
def test_other_modes(picture, mode):
    pixels = np.array([[[255] * 3, [0] * 3]], np.uint8)
    assert io.load_image(picture(pixels, mode)).tolist() == [[[1] * 3, [0] * 3]]


def test_sixteen_bits(picture):
    path = picture(np.array([[0, 13107, 65535]], np.uint16))
    np.testing.assert_allclose(io.load_image(path, color=False).ravel(), [0, 0.2, 1], rtol=1e-6)


def test_no_image(tmp_path):
    with pytest.raises(DataError, match=r"no such image: .*cat\.jpg"):
        io.load_image(tmp_path / "cat.jpg")
    (tmp_path / "cat.jpg").write_text("meow", encoding="utf-8")
    with pytest.raises(DataError, match=r"cat\.jpg is not an image that pillow reads"):
        io.load_image(tmp_path / "cat.jpg")


def test_oversample_is_caffes(stored):
    image = stored["img"]
    found = io.oversample([image, image[::-1]], (12, 16))
    np.testing.assert_array_equal(found, stored["oversample"], strict=True)


@pytest.mark.parametrize(("size", "crop", "centre"), [((5, 6), (2, 3), (1, 1)), ((4, 7), (3, 4), (0, 1))])
def test_the_crop_in_the_middle(size, crop, centre):
    image = np.arange(np.prod(size)).reshape(*size, 1)
    (y, x), (h, w) = centre, crop
    assert np.array_equal(io.oversample([image], np.array(crop))[4], image[y : y + h, x : x + w])


def test_crops_larger_than_the_image():
    with pytest.raises(ValueError, match="expected crops of at most 2 x 3, the size of the images, found 3 x 3"):
        io.oversample([np.zeros((2, 3, 1))], (3, 3))


# ---- messages ----


def test_messages_are_caffes(folder, stored):
    blob = caffe_pb2.BlobProto.FromString((folder / "blobproto.bin").read_bytes())
    np.testing.assert_array_equal(io.blobproto_to_array(blob), stored["blobproto_arr"])
    vector = io.blobprotovector_str_to_arraylist((folder / "blobprotovector.bin").read_bytes())
    assert len(vector) > 1
    again = io.blobprotovector_str_to_arraylist(io.arraylist_to_blobprotovector_str(vector))
    for a, b in zip(vector, again, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
    for name in ("datum_float", "datum_uint8"):
        data = (folder / f"{name}.bin").read_bytes()
        datum = caffe_pb2.Datum.FromString(data)
        array = io.datum_to_array(datum)
        np.testing.assert_allclose(array, stored[name], rtol=1e-7)
        assert array.dtype == stored[name].dtype
        assert io.array_to_datum(array, datum.label if datum.HasField("label") else None).SerializeToString() == data


def test_the_vector_is_caffes_to_the_byte(folder):
    data = (folder / "blobprotovector.bin").read_bytes()
    assert io.arraylist_to_blobprotovector_str(io.blobprotovector_str_to_arraylist(data)) == data


def test_a_blob_of_2013():
    blob = caffe.proto.caffe_pb2.BlobProto(num=1, channels=1, height=10, width=10)
    blob.data.extend(np.arange(100.0))
    array = io.blobproto_to_array(blob)
    assert array.shape == (1, 1, 10, 10)
    assert array[0, 0, 9, 9] == 99


def test_imagenets_mean(data_folder):
    blob = caffe.proto.caffe_pb2.BlobProto()
    blob.ParseFromString((data_folder / "imagenet_aux/imagenet_mean.binaryproto").read_bytes())
    mean = np.load(data_folder / "imagenet_aux/ilsvrc_2012_mean.npy")
    np.testing.assert_array_equal(io.blobproto_to_array(blob)[0], mean)


def test_a_blob_without_shape():
    blob = caffe_pb2.BlobProto(data=[123])
    assert io.blobproto_to_array(blob) == 123
    blob.data.append(5)
    with pytest.raises(ValueError, match=r"expected 1 values for shape \(\), found 2"):
        io.blobproto_to_array(blob)


def test_diffs():
    blob = io.array_to_blobproto(np.arange(6).reshape(2, 3), diff=-np.arange(6).reshape(2, 3))
    assert io.blobproto_to_array(blob, return_diff=True).tolist() == [[0, -1, -2], [-3, -4, -5]]
    assert io.blobproto_to_array(blob).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match=r"expected a diff of the array's shape \(2, 3\), found \(6,\)"):
        io.array_to_blobproto(np.zeros((2, 3)), diff=np.zeros(6))


def test_a_label_is_written_if_it_is_given():
    x = np.ones((10, 10, 3))
    with_label, without = io.array_to_datum(x, label=0), io.array_to_datum(x)
    assert with_label.HasField("label")
    assert not without.HasField("label")
    with pytest.raises(ValueError, match="expected an item of 3 axes"):
        io.array_to_datum(np.ones(3))
