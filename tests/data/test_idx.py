import gzip

import numpy as np
import pytest

from cafe_edu.data.idx import read_idx
from cafe_edu.errors import DataError


def idx(*shape, values=None, kind=8):
    header = bytes([0, 0, kind, len(shape)]) + np.array(shape, ">u4").tobytes()
    return header + (bytes(range(int(np.prod(shape)))) if values is None else values)


@pytest.fixture
def write(tmp_path):
    def write(content, packed=True):
        path = tmp_path / "x-idx.gz"
        path.write_bytes(gzip.compress(content) if packed else content)
        return path

    return write


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0,)])
def test_values_and_shape(write, shape):
    found = read_idx(write(idx(*shape)))
    np.testing.assert_array_equal(
        found, np.arange(np.prod(shape), dtype=np.uint8).reshape(shape), strict=True
    )


def test_mnist(data_folder):
    x = read_idx(data_folder / "mnist/t10k-images-idx3-ubyte.gz")
    y = read_idx(data_folder / "mnist/t10k-labels-idx1-ubyte.gz")
    assert (x.shape, y.shape, y[:5].tolist()) == ((10000, 28, 28), (10000,), [7, 2, 1, 0, 4])


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"no such file: .*nowhere.gz"):
        read_idx(tmp_path / "nowhere.gz")


def test_not_gzip(write):
    with pytest.raises(DataError, match=r"x-idx.gz: expected a whole gzip file, found a damaged one"):
        read_idx(write(idx(3), packed=False))


@pytest.mark.parametrize("keep", [12, -4])
def test_cut_short(write, keep):
    path = write(gzip.compress(idx(100)), packed=False)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="expected a whole gzip file"):
        read_idx(path)


def test_a_flipped_byte(write):
    path = write(idx(200))
    content = bytearray(path.read_bytes())
    content[40] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="expected a whole gzip file"):
        read_idx(path)


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"hello world", idx(3, kind=13), b"\0\0\x08\0", b"\0\0\x08\3abcd"]
)
def test_something_else(write, content):
    with pytest.raises(DataError, match="expected an IDX file of bytes, found one beginning with"):
        read_idx(write(content))


def test_too_few_values(write):
    with pytest.raises(DataError, match=r"expected 6 values for its shape \(2, 3\), found 5"):
        read_idx(write(idx(2, 3, values=b"12345")))
