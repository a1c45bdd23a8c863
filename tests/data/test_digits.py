import hashlib
import pathlib

import numpy as np
import pytest

from cafe_edu import Net
from cafe_edu.data.digits import enlarge, read_digits

README = pathlib.Path(__file__).parents[2] / "datasets/README.md"


def test_what_the_readme_promises():
    import sklearn

    x_train, y_train, x_test, y_test = read_digits()
    file = pathlib.Path(sklearn.__file__).parent / "datasets/data/digits.csv.gz"
    readme = README.read_text()
    for content in (file.read_bytes(), x_train.tobytes(), x_test.tobytes()):
        assert f"`{hashlib.sha256(content).hexdigest()}`" in readme
    assert (x_train.shape, x_test.shape) == ((1437, 1, 28, 28), (360, 1, 28, 28))
    assert (x_train.dtype, y_train.dtype) == (np.uint8, np.int64)
    assert f"{len(y_train):,} to learn from and {len(y_test)} for testing" in readme


def test_every_digit_is_in_both_parts_in_proportion():
    _, y_train, _, y_test = read_digits()
    share = np.bincount(y_test) / (np.bincount(y_test) + np.bincount(y_train))
    assert np.abs(share - 0.2).max() < 0.01


def test_no_image_is_in_both_parts_and_none_is_lost():
    from sklearn.datasets import load_digits

    x_train, y_train, x_test, y_test = read_digits()
    found = sorted(zip(map(bytes, np.concatenate([x_train, x_test])), [*y_train, *y_test], strict=True))
    digits = load_digits()
    assert found == sorted(zip(map(bytes, enlarge(digits.images)), digits.target, strict=True))


def test_reading_in_order_gives_mixed_digits():
    _, y_train, _, y_test = read_digits()
    for y in (y_train, y_test):
        assert all(len(set(y[i : i + 64])) == 10 for i in range(0, len(y) - 64, 64))


def test_paper_stays_paper_and_ink_becomes_ink():
    images = np.zeros((2, 8, 8))
    images[1] = 16
    paper, ink = enlarge(images)
    assert paper.max() == 0
    assert ink[7:21, 7:21].min() == 255
    assert ink[:4].max() == ink[:, :4].max() == ink[24:].max() == ink[:, 24:].max() == 0  # the margin


def test_a_net_that_only_knows_mnist_reads_most_of_them(data_folder):
    folder = data_folder / "lenet_v2"
    net = Net(folder / "lenet.prototxt", weights=folder / "lenet_iter_10000.caffemodel")
    x_train, y_train, x_test, y_test = read_digits()
    x, y = np.concatenate([x_train, x_test]) / 256, np.concatenate([y_train, y_test])
    answers = [net.forward(data=x[i : i + 100])["prob"].argmax(axis=1) for i in range(0, len(x), 100)]
    assert np.mean(np.concatenate(answers) == y) == pytest.approx(7 / 8, abs=0.005)
    assert "reads seven of eight" in README.read_text()


def test_enlarging_keeps_left_right_up_and_down():
    image = np.zeros((1, 8, 8))
    image[0, 1, 5] = 16
    row, column = np.unravel_index(enlarge(image)[0].argmax(), (28, 28))
    assert (row, column) == (4 + 3, 4 + 13)  # the pixel of 20 nearest to the middle of block (1, 5) of 8
    flipped = enlarge(image[:, :, ::-1])
    np.testing.assert_array_equal(flipped, enlarge(image)[:, :, ::-1])
