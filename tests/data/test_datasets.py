import gzip
import hashlib
import multiprocessing
import os
import pathlib
import sys

import numpy as np
import pytest

from cafe_edu.data import datasets
from cafe_edu.data.datum import datum_to_array
from cafe_edu.data.lmdb_db import LmdbReader
from cafe_edu.data.sources import SETS
from cafe_edu.errors import DataError

README = pathlib.Path(__file__).parents[2] / "datasets/README.md"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home for data, and no other place to look."""
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CAFE_EDU_DATA", raising=False)
    return tmp_path / "home"


def small_mnist(folder, train=3, test=2):
    """Write a mnist/ of a few images below ``folder``."""
    (folder / "mnist").mkdir(parents=True)
    for part, count in (("train", train), ("t10k", test)):
        images = bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(784 * count)
        labels = bytes([0, 0, 8, 1, 0, 0, 0, count]) + bytes(range(count))
        (folder / "mnist" / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / "mnist" / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))


def test_home_is_where_the_environment_says(home, monkeypatch):
    assert datasets.data_home() == home
    monkeypatch.setenv("CAFE_EDU_HOME", "~/data")
    assert datasets.data_home() == pathlib.Path.home() / "data"


def test_home_in_a_checkout_is_its_datasets_folder(monkeypatch):
    monkeypatch.delenv("CAFE_EDU_HOME")
    assert datasets.data_home() == README.parent


def test_home_without_a_checkout_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("CAFE_EDU_HOME")
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "site-packages/cafe_edu/data/datasets.py"))
    assert datasets.data_home().name == "cafe_edu"
    assert tmp_path not in datasets.data_home().parents


def test_digits_are_always_at_hand():
    assert datasets.at_hand("digits")
    assert datasets.at_hand("handwriting")
    assert not datasets.at_hand("mnist")
    assert datasets.fetch("digits") is None
    data = datasets.load("digits")
    assert (data.name, data.x_train.shape, data.x_test.shape) == (
        "digits",
        (1437, 1, 28, 28),
        (360, 1, 28, 28),
    )


def test_handwriting_is_mnist_where_that_is_at_hand(home):
    assert datasets.load("handwriting").name == "digits"
    small_mnist(home)
    assert datasets.load("handwriting").name == "mnist"
    assert datasets.lmdb("handwriting", "test") == home / "mnist/mnist_test_lmdb"


def test_ready_sets_are_looked_for_first(home, tmp_path, monkeypatch):
    small_mnist(home, train=3)
    small_mnist(tmp_path / "ready", train=5)
    monkeypatch.setenv("CAFE_EDU_DATA", str(tmp_path / "ready"))
    assert len(datasets.load("mnist").x_train) == 5
    assert datasets.fetch("mnist") == tmp_path / "ready/mnist"
    assert datasets.lmdb("mnist", "train").is_relative_to(home)


def test_three_of_four_files_are_not_mnist(home):
    small_mnist(home)
    (home / "mnist/t10k-labels-idx1-ubyte.gz").unlink()
    assert not datasets.at_hand("mnist")


def test_the_real_mnist(data_folder, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_DATA", str(data_folder))
    data = datasets.load("mnist")
    assert repr(data) == "Dataset('mnist', 60,000 to learn from, 10,000 for testing)"
    assert (data.x_train.shape, data.x_train.dtype) == ((60000, 1, 28, 28), np.uint8)
    assert (data.y_train[:5].tolist(), data.y_train.dtype) == ([5, 0, 4, 1, 9], np.int64)
    readme = README.read_text()
    for file in SETS["mnist"]:
        content = (data_folder / "mnist" / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.checksum
        assert f"| {file.name} | {len(content):,} | `{file.checksum}` |" in readme


def test_the_real_fashion_mnist(data_folder, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_DATA", str(data_folder))
    data = datasets.load("fashion_mnist")
    assert repr(data) == "Dataset('fashion_mnist', 60,000 to learn from, 10,000 for testing)"
    assert [datasets.CLASSES["fashion_mnist"][y] for y in data.y_train[:3]] == ["boot", "T-shirt", "T-shirt"]
    readme = README.read_text()
    for file in SETS["fashion_mnist"]:
        content = (data_folder / "fashion_mnist" / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.checksum
        assert f"| {file.name} | {len(content):,} | `{file.checksum}` |" in readme


def test_an_lmdb_is_made_once_and_holds_the_images_in_order(home):
    path = datasets.lmdb("digits", "test")
    assert path == home / "digits/digits_test_lmdb"
    made = (path / "data.mdb").stat().st_mtime_ns
    assert datasets.lmdb("digits", "test") == path
    assert (path / "data.mdb").stat().st_mtime_ns == made
    data = datasets.load("digits")
    with LmdbReader(path) as reader:
        found = [(datum_to_array(datum), datum.label) for _, datum in reader]
    np.testing.assert_array_equal([x for x, _ in found], data.x_test)
    np.testing.assert_array_equal([y for _, y in found], data.y_test)
    assert os.listdir(path.parent) == ["digits_test_lmdb"]


def make_lmdb(queue):
    queue.put(str(datasets.lmdb("mnist", "train")))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # pytest-xdist's thread
def test_two_processes_may_make_it_at_once(home):
    small_mnist(home, train=200)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    children = [context.Process(target=make_lmdb, args=(queue,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert {queue.get() for _ in children} == {str(home / "mnist/mnist_train_lmdb")}
    with LmdbReader(home / "mnist/mnist_train_lmdb") as reader:
        assert len(reader) == 200
    assert not [name for name in os.listdir(home / "mnist") if name.startswith(".")]


def test_being_second_is_fine(home, monkeypatch):
    small_mnist(home)
    write = datasets.write_lmdb

    def slower(path, pairs):
        write(path, [(np.zeros((1, 1, 1)), 0)])  # another process, in between
        write(path, pairs)

    monkeypatch.setattr(datasets, "write_lmdb", slower)
    with LmdbReader(datasets.lmdb("mnist", "train")) as reader:
        assert len(reader) == 1


def test_fetch_goes_to_each_file_on_each_mirror(home, monkeypatch):
    calls = []
    monkeypatch.setattr(datasets, "download", lambda *args: calls.append(args))
    for name, count in (("mnist", 4), ("fashion_mnist", 4), ("cifar10", 1)):
        calls.clear()
        assert datasets.fetch(name, progress=False) == home / name
        file = SETS[name][0]
        assert calls[0] == (file.urls, home / name / file.name, file.checksum, False)
        assert all(url.endswith(f"/{file.name}") for url in file.urls)
        assert len(calls) == count


def test_a_source_that_exists_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets/digits/digits_train_lmdb").mkdir(parents=True)
    assert datasets.resolve_source("digits/digits_train_lmdb", "nets").parts[0] == "nets"


@pytest.mark.parametrize("source", ["mnist/mnist_train_lmdb", "examples/mnist/mnist_train_lmdb/"])
def test_a_known_sets_source_is_made(home, source):
    small_mnist(home)
    assert datasets.resolve_source(source) == home / "mnist/mnist_train_lmdb"


def test_the_two_parts_of_a_source_fit_together(home):
    with pytest.raises(DataError, match="no such file: digits/mnist_train_lmdb"):
        datasets.resolve_source("digits/mnist_train_lmdb")


def test_an_absolute_source_means_what_it_says(tmp_path):
    with pytest.raises(DataError, match=r"no such file: .*mnist_train_lmdb"):
        datasets.resolve_source(str(tmp_path / "mnist/mnist_train_lmdb"))


def test_a_source_that_must_be_fetched():
    with pytest.raises(DataError, match="MNIST is not here yet: run `cafe fetch mnist`"):
        datasets.resolve_source("mnist/mnist_train_lmdb")


def test_mnist_that_is_not_there(home):
    with pytest.raises(DataError, match=r"run `cafe fetch mnist` \(it goes to .*home/mnist\)"):
        datasets.load("mnist")


@pytest.mark.parametrize("use", [datasets.load, datasets.fetch, datasets.at_hand])
def test_an_unknown_set(use):
    known = "digits, mnist, fashion_mnist, cifar10, handwriting"
    with pytest.raises(DataError, match=f"no data set 'letters': there are {known}"):
        use("letters")


def test_an_unknown_split():
    with pytest.raises(DataError, match="expected the split 'train' or 'test', found 'val'"):
        datasets.lmdb("digits", "val")


def test_images_and_labels_that_do_not_fit(home):
    small_mnist(home)
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])
    (home / "mnist/train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    with pytest.raises(DataError, match=r"found \(3, 28, 28\) and \(1,\)"):
        datasets.load("mnist")


def test_a_home_that_cannot_be_written(home):
    home.write_text("a file where a folder should be")
    with pytest.raises(
        DataError, match=r"cannot write .*digits_test_lmdb: .*\. Set CAFE_EDU_HOME to a folder of yours"
    ):
        datasets.lmdb("digits", "test")
