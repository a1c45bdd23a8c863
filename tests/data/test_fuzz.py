"""Thousands of damaged inputs: each is read, or refused with an error of ours. No other error, no crash, no hang."""

import contextlib
import io
import warnings

import h5py
import lmdb
import numpy as np
import pytest
from PIL import Image

from cafe_edu.data.datum import array_to_datum, datum_to_array, parse_datum
from cafe_edu.data.hdf5_list import read_hdf5, read_hdf5_list
from cafe_edu.data.image_list import read_image_list
from cafe_edu.data.images import decode_image, load_image
from cafe_edu.data.leveldb_db import LevelDbReader, write_leveldb
from cafe_edu.data.lmdb_db import LmdbReader
from cafe_edu.data.window_crop import crop_window
from cafe_edu.data.windows_file import read_windows
from cafe_edu.errors import CafeError

NUMBERS = [b"", b"0", b"-1", b"99999999999999999999", b"nan", b"1e99", b"\0", b"\xff\xfe", b"#", b" ", b"\n"]


def damaged(content, rng):
    """The bytes with a few changes: values, gaps, repetitions, an early end."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(len(content) + 1))
        how = rng.integers(6)
        if how == 0 and at < len(content):
            content[at] = rng.integers(256)
        elif how == 1 and at < len(content):
            content[at] ^= 1 << rng.integers(8)
        elif how == 2:
            del content[at : at + int(rng.integers(1, 9))]
        elif how == 3:
            content[at:at] = NUMBERS[rng.integers(len(NUMBERS))]
        elif how == 4:
            content[at:at] = content[at : at + int(rng.integers(1, 40))]
        elif rng.integers(4) == 0:
            del content[at:]
    return bytes(content)


def survive(times, content, read, seed=0):
    """Call ``read`` on so many damaged copies: it returns, or raises an error of ours."""
    rng, refused = np.random.default_rng(seed), []
    for i in range(times):
        bad = damaged(content, rng)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                read(bad)
        except CafeError as error:
            refused.append(str(error))
        except BaseException as error:
            raise AssertionError(f"no. {i}: {type(error).__name__} for {bad[:200]!r}") from error
    assert len(refused) > times // 100, "hardly anything was refused: the damage does not reach what it should"
    assert all(refused), "an error without words"


def image_file(kind, mode="RGB", **options):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def test_datums():
    datum = array_to_datum(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), 5)
    survive(4000, datum.SerializeToString(), lambda bad: datum_to_array(parse_datum(bad)))
    floats = array_to_datum(np.arange(12.0).reshape(3, 2, 2), 5)
    survive(2000, floats.SerializeToString(), lambda bad: datum_to_array(parse_datum(bad)))


def test_encoded_datums():
    datum = array_to_datum(np.zeros((1, 1, 1), np.uint8))
    datum.encoded, datum.data = True, image_file("PNG")
    survive(1500, datum.SerializeToString(), lambda bad: datum_to_array(parse_datum(bad), True))


@pytest.mark.parametrize("color", [None, True, False])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "GIF"])
def test_images(kind, color):
    survive(300, image_file(kind), lambda bad: decode_image(bad, color))


def test_images_that_say_which_way_is_up():
    notes = Image.Exif()
    notes[274] = 6
    survive(600, image_file("JPEG", exif=notes), lambda bad: decode_image(bad, True))


def test_image_files(tmp_path):
    def read(bad):
        (tmp_path / "image").write_bytes(bad)
        load_image(tmp_path / "image", size=(3, 3))

    survive(300, image_file("PNG", "P"), read)


def test_values_of_an_lmdb(tmp_path):
    datum = array_to_datum(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), 5).SerializeToString()
    rng = np.random.default_rng(0)
    with lmdb.open(str(tmp_path / "db"), lock=False) as environment, environment.begin(write=True) as transaction:
        for i in range(3000):
            transaction.put(b"%08d" % i, damaged(datum, rng))
    refused = []
    with LmdbReader(tmp_path / "db") as reader:
        for i in range(3000):
            try:
                datum_to_array(reader.peek()[1])
            except CafeError as error:
                refused.append(str(error))
            assert reader.key() == b"%08d" % i
            reader.skip(1)
    assert len(refused) > 1000
    assert all(refused)


def test_files_of_a_leveldb(tmp_path):
    pytest.importorskip("plyvel")
    write_leveldb(tmp_path / "db", [(np.full((1, 8, 8), i, np.uint8), i) for i in range(100)])
    good = {file.name: file.read_bytes() for file in (tmp_path / "db").iterdir() if file.stat().st_size}
    del good["LOG"]
    (tmp_path / "bad").mkdir()
    for name in good:

        def read(bad, name=name):
            for other, content in good.items():
                (tmp_path / "bad" / other).write_bytes(bad if other == name else content)
            with LevelDbReader(tmp_path / "bad") as reader:
                assert [datum.label for _, datum in reader] == list(range(100))

        survive(100, good[name], read)


def test_image_lists(tmp_path):
    def read(bad):
        (tmp_path / "list.txt").write_bytes(bad)
        for name, _ in read_image_list(tmp_path / "list.txt"):
            with contextlib.suppress(CafeError):
                load_image(tmp_path / name)

    survive(1500, b"one.png 0\nwith spaces in it.png 12\nfolder/three.jpg 3\n", read)


def test_windows_files(tmp_path):
    image = np.zeros((3, 20, 20), np.uint8)

    def read(bad):
        (tmp_path / "windows.txt").write_bytes(bad)
        for window in read_windows(tmp_path / "windows.txt"):
            with contextlib.suppress(CafeError):
                crop_window(image, window.box, 8, context_pad=2, square=True)

    text = b"# 0\none.jpg\n3\n20\n20\n2\n1 0.9 1 2 10 12\n0 0.1 3 3 9 9\n# 1\ntwo.jpg\n3\n20\n20\n1\n2 0.5 0 0 19 19\n"
    survive(2000, text, read)


def test_lists_of_hdf5_files(tmp_path):
    def read(bad):
        (tmp_path / "list.txt").write_bytes(bad)
        for path in read_hdf5_list(tmp_path / "list.txt"):
            read_hdf5(path, ["data"])

    survive(500, b"one.h5\ntwo.h5 three.h5\n", read)


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"compression": "gzip"}, marks=pytest.mark.slow),
        pytest.param({"chunks": (2, 2), "maxshape": (None, 2)}, marks=pytest.mark.slow),
    ],
)
def test_hdf5_files(tmp_path, options):
    with h5py.File(tmp_path / "good.h5", "w") as file:
        file.create_dataset("data", data=np.arange(12.0).reshape(6, 2), **options)
        file.create_dataset("label", data=np.arange(6))

    def read(bad):
        (tmp_path / "bad.h5").write_bytes(bad)
        read_hdf5(tmp_path / "bad.h5", ["data", "label"])

    survive(700, (tmp_path / "good.h5").read_bytes(), read)
