import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from cafe_edu.data import datasets
from cafe_edu.data.cifar10 import CLASSES, is_cifar10, read_cifar10
from cafe_edu.errors import DataError

TRAIN = [f"data_batch_{i}.bin" for i in range(1, 6)]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (12, 3, 32, 32), np.uint8), rng.integers(0, 10, 12)


def records(x, y):
    return b"".join(bytes([label]) + image.tobytes() for image, label in zip(x, y, strict=True))


@pytest.fixture
def binary(images):
    """The six files of the binary version, two images each."""
    x, y = images
    return {
        name: records(x[2 * i : 2 * i + 2], y[2 * i : 2 * i + 2]) for i, name in enumerate([*TRAIN, "test_batch.bin"])
    }


def unpacked(folder, files):
    (folder / "cifar-10-batches-bin").mkdir(parents=True)
    for name, content in files.items():
        (folder / "cifar-10-batches-bin" / name).write_bytes(content)


def packed(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("keep", [unpacked, packed])
def test_the_binary_version(tmp_path, images, binary, keep):
    x, y = images
    assert not is_cifar10(tmp_path)
    keep(tmp_path, binary)
    assert is_cifar10(tmp_path)
    x_train, y_train, x_test, y_test = read_cifar10(tmp_path)
    np.testing.assert_array_equal(x_train, x[:10])
    np.testing.assert_array_equal(y_train, y[:10])
    np.testing.assert_array_equal(x_test, x[10:])
    np.testing.assert_array_equal(y_test, y[10:])
    assert y_test.dtype == np.int64


def test_the_real_strips(data_folder):
    x_train, y_train, x_test, y_test = read_cifar10(data_folder / "cifar10")
    assert x_train.shape == (4000, 3, 32, 32)
    assert x_test.shape == (2000, 3, 32, 32)
    assert [CLASSES[y] for y in y_train[:5]] == ["frog", "truck", "truck", "deer", "automobile"]
    assert np.bincount(y_test).tolist() == [200] * 10
    with Image.open(data_folder / "cifar10/cifar10_batch_1.png") as strip:
        rgb = np.asarray(strip.convert("RGB"))[7].reshape(32, 32, 3)  # red, green, blue
    np.testing.assert_array_equal(x_train[1007], rgb.transpose(2, 0, 1))


def test_by_name(data_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_DATA", str(data_folder))
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path))
    assert datasets.at_hand("cifar10")
    assert datasets.fetch("cifar10") == data_folder / "cifar10"
    assert repr(datasets.load("cifar10")) == "Dataset('cifar10', 4,000 to learn from, 2,000 for testing)"
    assert datasets.resolve_source("examples/cifar10/cifar10_test_lmdb") == tmp_path / "cifar10/cifar10_test_lmdb"


def test_nothing_there(tmp_path):
    with pytest.raises(DataError, match=r"expected cifar-10-batches-bin/, .* or cifar10_batch_0.png, found none"):
        read_cifar10(tmp_path)


def test_a_file_cut_short(tmp_path, binary):
    binary["data_batch_3.bin"] = binary["data_batch_3.bin"][:-1]
    unpacked(tmp_path, binary)
    with pytest.raises(DataError, match=r"damaged or incomplete \(data_batch_3.bin: expected records of 3073 bytes"):
        read_cifar10(tmp_path)


def test_an_archive_cut_short(tmp_path, binary):
    packed(tmp_path, binary)
    file = tmp_path / "cifar-10-binary.tar.gz"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"CIFAR-10 is damaged or incomplete .*; fetch it again"):
        read_cifar10(tmp_path)


def test_an_archive_without_a_part(tmp_path, binary):
    del binary["test_batch.bin"]
    packed(tmp_path, binary)
    with pytest.raises(DataError, match="CIFAR-10 is damaged or incomplete"):
        read_cifar10(tmp_path)


def test_a_label_of_no_class(tmp_path, binary):
    binary["test_batch.bin"] = bytes([10]) + binary["test_batch.bin"][1:]
    unpacked(tmp_path, binary)
    with pytest.raises(DataError, match="expected labels from 0 to 9, found"):
        read_cifar10(tmp_path)
