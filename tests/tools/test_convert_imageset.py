import io
import os
import pathlib

import lmdb
import numpy as np
import pytest
from PIL import Image

from cafe_edu.data.databases import open_database
from cafe_edu.data.datum import datum_to_array
from cafe_edu.data.lmdb_db import LmdbReader
from cafe_edu.errors import DataError, SpecError
from cafe_edu.proto.caffe_pb2 import Datum
from cafe_edu.tools.convert_imageset import convert_imageset


def records(path):
    """The bytes of a database."""
    with lmdb.open(str(path), readonly=True, lock=False) as environment, environment.begin() as transaction:
        return list(transaction.cursor())


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Five pictures, a list, and the folder they lie in as the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for i in range(5):
        Image.fromarray(rng.integers(0, 256, (6, 4, 3), np.uint8)).save(tmp_path / "in" / f"{i}.png")
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i % 3}\n" for i in range(5)))
    return tmp_path


def labels(path):
    with LmdbReader(path) as reader:
        return [(key.decode(), datum.label) for key, datum in reader]


# ---- as Caffe wrote them


@pytest.mark.parametrize(
    ("folder", "listfile", "database", "options"),
    [
        ("color", "color.txt", "color_lmdb", {"resize_height": 16, "resize_width": 20}),
        ("color", "color.txt", "color_encoded_lmdb", {"encoded": True}),
    ],
)
def test_byte_for_byte_as_caffe(shared, tmp_path, folder, listfile, database, options):
    data = shared / "oracle/data"
    convert_imageset(f"{data / folder}/", data / listfile, tmp_path / "db", **options)
    assert records(tmp_path / "db") == records(data / database)


def test_gray_byte_for_byte_as_caffe(shared, tmp_path):
    data = shared / "oracle/data"
    convert_imageset(f"{data / 'png'}/", data / "small.txt", tmp_path / "db", gray=True)
    found = records(tmp_path / "db")
    assert found == records(data / "digits_train_lmdb")[:50]
    assert found[0][1] == (shared / "oracle/dataio/first_datum.bin").read_bytes()


# ---- one option after the other


def test_pixels_keys_and_labels(images):
    found = convert_imageset("in/", "list.txt", "db")
    assert found == {"images": 5, "left_out": [], "database": "db"}
    assert labels("db") == [(f"0000000{i}_{i}.png", i % 3) for i in range(5)]
    with LmdbReader("db") as reader:
        for i, (_, datum) in enumerate(reader):
            rgb = np.asarray(Image.open(f"in/{i}.png"))
            np.testing.assert_array_equal(datum_to_array(datum), rgb[:, :, ::-1].transpose(2, 0, 1))


def test_shuffle_changes_the_order_and_the_numbers(images):
    convert_imageset("in/", "list.txt", "db", shuffle=True, seed=3)
    convert_imageset("in/", "list.txt", "again", shuffle=True, seed=3)
    found = labels("db")
    assert found == labels("again")
    assert sorted((key.split("_")[1], label) for key, label in found) == [(f"{i}.png", i % 3) for i in range(5)]
    assert [key.split("_")[1] for key, _ in found] != [f"{i}.png" for i in range(5)]
    assert [key.split("_")[0] for key, _ in found] == [f"{i:08d}" for i in range(5)]


def test_the_root_is_joined_as_it_is(images):
    with pytest.raises(DataError, match=r"none of 5 images could be read: the first is in0.png \(does the root"):
        convert_imageset("in", "list.txt", "db")
    assert sorted(os.listdir(".")) == ["in", "list.txt"]


def test_check_size(images):
    Image.new("RGB", (5, 5)).save("in/3.png")
    convert_imageset("in/", "list.txt", "mixed")
    message = "in/3.png: expected 72 bytes as in the first image, found 75; resize_height and resize_width make"
    with pytest.raises(DataError, match=message):
        convert_imageset("in/", "list.txt", "db", check_size=True)
    convert_imageset("in/", "list.txt", "db", check_size=True, resize_height=4, resize_width=4)
    with LmdbReader("db") as reader:
        assert {datum_to_array(datum).shape for _, datum in reader} == {(3, 4, 4)}


@pytest.mark.parametrize("size", [{"resize_height": 4}, {"resize_width": 4}, {"resize_height": -1, "resize_width": 4}])
def test_half_a_size(images, size):
    with pytest.raises(SpecError, match="expected resize_height and resize_width, or neither, found"):
        convert_imageset("in/", "list.txt", "db", **size)


def test_images_that_cannot_be_read_are_left_out(images, caplog):
    pathlib.Path("in/1.png").write_bytes(b"no picture")
    os.remove("in/3.png")
    with caplog.at_level("INFO", "cafe_edu"):
        found = convert_imageset("in/", "list.txt", "db")
    assert found["left_out"] == ["1.png", "3.png"]
    assert labels("db") == [(f"0000000{i}_{i}.png", i % 3) for i in (0, 2, 4)]
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [
        "in/1.png: expected an encoded image (PNG, JPEG), found 10 bytes, beginning with b'no picture'",
        "cannot read the image in/3.png: No such file or directory",
    ]
    assert caplog.messages[-1] == "Processed 3 files."


def test_encoded_files_are_kept_as_they_are(images):
    convert_imageset("in/", "list.txt", "db", encoded=True)
    with LmdbReader("db") as reader:
        for i, (_, datum) in enumerate(reader):
            assert datum == Datum(encoded=True, label=i % 3, data=pathlib.Path(f"in/{i}.png").read_bytes())


def test_encoded_anew_where_something_is_asked(images):
    convert_imageset("in/", "list.txt", "gray", encoded=True, gray=True)
    convert_imageset("in/", "list.txt", "small", encoded=True, resize_height=2, resize_width=3)
    convert_imageset("in/", "list.txt", "jpg", encode_type="jpg")
    kinds = {}
    for name in ("gray", "small", "jpg"):
        with LmdbReader(name) as reader:
            image = Image.open(io.BytesIO(reader.peek()[1].data))
            kinds[name] = (image.format, image.mode, image.size)
    assert kinds == {"gray": ("PNG", "L", (4, 6)), "small": ("PNG", "RGB", (3, 2)), "jpg": ("JPEG", "RGB", (4, 6))}


def test_an_encoded_file_must_be_an_image(images, caplog):
    pathlib.Path("in/1.png").write_bytes(b"no picture")
    assert convert_imageset("in/", "list.txt", "db", encoded=True)["left_out"] == ["1.png"]


def test_an_unknown_kind_of_file(images):
    with pytest.raises(SpecError, match=r"expected encode_type png, jpg or another kind .* found 'xyz'"):
        convert_imageset("in/", "list.txt", "db", encode_type="xyz")
    assert sorted(os.listdir(".")) == ["in", "list.txt"]


def test_a_database_that_is_there(images):
    convert_imageset("in/", "list.txt", "db")
    with pytest.raises(DataError, match="db is there already"):
        convert_imageset("in/", "list.txt", "db")


def test_a_leveldb_holds_the_same(images):
    pytest.importorskip("plyvel")
    convert_imageset("in/", "list.txt", "lmdb")
    convert_imageset("in/", "list.txt", "leveldb", backend="leveldb")
    with open_database("lmdb", "lmdb") as one, open_database("leveldb", "leveldb") as other:
        assert list(one) == list(other)


def test_the_progress_bar_counts_images(images, capsys):
    convert_imageset("in/", "list.txt", "db", progress=True)
    assert "writing db: 100%" in capsys.readouterr().err
