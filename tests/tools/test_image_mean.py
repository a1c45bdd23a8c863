import numpy as np
import pytest

from cafe_edu.caffemodel import read_blobproto
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import DataError
from cafe_edu.tools.image_mean import compute_image_mean, write_mean


@pytest.mark.parametrize(("database", "mean"), [("digits_train_lmdb", "digits_mean"), ("color_lmdb", "color_mean")])
def test_byte_for_byte_as_caffe(shared, tmp_path, database, mean):
    data = shared / "oracle/data"
    write_mean(tmp_path / "mean.binaryproto", compute_image_mean(data / database))
    assert (tmp_path / "mean.binaryproto").read_bytes() == (data / f"{mean}.binaryproto").read_bytes()


def test_a_mean_worked_by_hand(tmp_path):
    write_lmdb(tmp_path / "db", [(np.full((1, 2, 2), v, np.uint8), 0) for v in (0, 100, 255)])
    mean = compute_image_mean(tmp_path / "db")
    np.testing.assert_array_equal(mean, np.full((1, 2, 2), np.float32(355) / np.float32(3)))
    write_mean(tmp_path / "mean", mean)
    np.testing.assert_array_equal(read_blobproto(tmp_path / "mean"), mean[None])


def test_encoded_images_are_decoded(shared):
    data = shared / "oracle/data"
    assert compute_image_mean(data / "color_encoded_lmdb").shape == (3, 24, 30)


def test_items_of_two_shapes(tmp_path):
    write_lmdb(tmp_path / "db", [(np.zeros((1, 2, 2), np.uint8), 0), (np.zeros((1, 2, 3), np.uint8), 0)])
    message = r"db, record '00000001': expected the first item's shape \(1, 2, 2\), found \(1, 2, 3\)"
    with pytest.raises(DataError, match=message):
        compute_image_mean(tmp_path / "db")


def test_the_log_and_the_bar_count(tmp_path, caplog, capsys):
    write_lmdb(tmp_path / "db", [(np.zeros((1, 1, 1), np.uint8), 0)] * 3)
    with caplog.at_level("INFO", "cafe_edu"):
        compute_image_mean(tmp_path / "db", progress=True)
    assert caplog.messages == ["Starting iteration", "Processed 3 files."]
    assert "adding images: 100%" in capsys.readouterr().err
