"""What cupy forbids is forbidden, and what it allows is numpy's."""

import copy
import math

import numpy as np
import pytest

from cafe_edu.testing import strict_cupy
from cafe_edu.testing.strict_array import IMPLICIT, StrictArray

N = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def gpu():
    with strict_cupy() as module:
        yield module


@pytest.fixture
def x(gpu):
    x = gpu.asarray(N)
    gpu.transfers.clear()
    return x


def says(error, do, *args):
    with pytest.raises(error) as caught:
        do(*args)
    return str(caught.value)


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.float64, lambda x: np.array([x]), lambda x: N[x]])
def test_numpy_gets_nothing_without_asking(x, convert):
    assert says(TypeError, convert, x) == IMPLICIT


def test_numpy_gets_nothing_written_either(x):
    def write():
        N[...] = x

    assert says(TypeError, write) == IMPLICIT


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("sum", lambda x: np.sum(x)),
        ("where", lambda x: np.where(N > 0, x, 0)),
        ("concatenate", lambda x: np.concatenate([N, x])),
        ("zeros_like", lambda x: np.zeros_like(x)),
    ],
)
def test_functions_of_numpy(x, name, call):
    assert says(TypeError, call, x) == (
        f"np.{name} was given an array that lives on the device: write xp.{name}, with xp = array_module(x) or self.xp"
    )


def test_ufuncs_of_numpy(x):
    assert says(TypeError, np.exp, x) == (
        "np.exp was given an array that lives on the device: write xp.exp, with xp = array_module(x) or self.xp"
    )
    assert says(TypeError, np.add.reduce, x).startswith("np.add was given an array that lives on the device")


MIXED = "Unsupported type <class 'numpy.ndarray'>: it cannot meet an array on the device; bring it there once, with "


@pytest.mark.parametrize(
    "mix",
    [
        lambda x: x + N,
        lambda x: N + x,
        lambda x: np.add(N, x),
        lambda x: np.add(x, x, out=N),
        lambda x: x == N,
        lambda x: x**N,
        lambda x: x @ N.T,
        lambda x: N.T @ x,
        lambda x: x.__iadd__(N),
        lambda x: N.__iadd__(x),
        lambda x: x.clip(N, 1),
        lambda x: x + np.array(1.0),
        lambda x: x.fill(N),
        lambda x: x.take(np.array([0])),
    ],
)
def test_arrays_of_two_places_do_not_meet(x, mix):
    assert says(TypeError, mix, x) == MIXED + "xp.asarray"
    assert (x.get() == np.arange(6.0).reshape(2, 3)).all()


@pytest.mark.parametrize("value", [N, [1, 2, 3], N[:1]])
def test_only_numbers_and_arrays_of_the_device_are_written(x, value):
    text = says(ValueError, x.__setitem__, ..., value)
    assert text.startswith(f"non-scalar {type(value).__name__} cannot be used for fill: ")


def test_nor_behind_a_mask(x):
    assert says(ValueError, x.__setitem__, x > 2, np.ones(3)).startswith("non-scalar ndarray cannot be used for fill: ")


@pytest.mark.parametrize("other", [None, "a", [1, 2, 3]])
def test_what_is_no_number_is_no_operand(x, other):
    assert says(TypeError, lambda: x + other).startswith(f"Unsupported type {type(other)}")


@pytest.mark.parametrize("number", [2, 2.5, True, np.float32(2), np.int8(3), np.bool_(True)])
def test_single_numbers_meet_every_array(x, number):
    for found, expected in ((x + number, N + number), (number * x, number * N), (number - x, np.subtract(number, N))):
        assert isinstance(found, StrictArray)
        assert found.dtype == expected.dtype
        assert (found.get() == expected).all()
    x[...] = number
    assert (x.get() == number).all()


def test_operators_are_numpys(x):
    y = x + 1
    for found, expected in [
        (x / y, N / (N + 1)), (x // y, N // (N + 1)), (x % y, N % (N + 1)), (2**x, 2**N), (-x, -N), (+x, N),
        (abs(-x), N), (x < 3, N < 3), (x != 2, N != 2), (~(x > 1), ~(N > 1)), ((x > 1) & (x < 4), (N > 1) & (N < 4)),
        (x @ x.T, N @ N.T), (divmod(x, 4)[1], divmod(N, 4)[1]),
    ]:  # fmt: skip
        assert (found.get() == expected).all()
    same = x
    same -= 1
    assert same is x
    assert (x.get() == N - 1).all()


def test_one_number_of_an_array_is_an_array_and_a_view(x):
    one = x[1, 2]
    assert isinstance(one, StrictArray)
    assert one.shape == ()
    one[...] = 7
    assert x[1, 2].item() == 7
    row = next(iter(x))
    row[0] = 5
    assert x[0, 0].item() == 5


def test_reductions_give_arrays(x):
    for found in (x.sum(), x.mean(axis=None), x.any(), x.max(), x[0].argmax()):
        assert isinstance(found, StrictArray)
        assert found.shape == ()


def test_indices(gpu, x):
    i = gpu.asarray([1, 0, 1])
    gpu.transfers.clear()
    assert (x[i].get() == N[[1, 0, 1]]).all()
    assert (x[x > 2].get() == N[N > 2]).all()
    assert (x[:, None, ::-1].get() == N[:, None, ::-1]).all()
    assert (x[..., 1].get() == N[..., 1]).all()
    assert not gpu.transfers.to_device
    assert (x[[1, 0]].get() == N[[1, 0]]).all()  # cupy copies these to the device, each time
    assert (x[np.array([1])].get() == N[[1]]).all()
    assert gpu.transfers.to_device == {"index": 2}
    assert "integer" in says(IndexError, lambda: x[x])


def test_an_array_is_no_whole_number(gpu):
    n = gpu.asarray(2)
    assert says(TypeError, range, n) == "'StrictArray' object cannot be interpreted as an integer"
    assert says(TypeError, [1, 2, 3].__getitem__, n).startswith("list indices must be integers")


def test_each_way_out_is_counted(gpu, x):
    one = x[1, 1]
    assert [float(one), int(one), bool(one), complex(one), one.item(), math.sqrt(one)] == [4, 4, True, 4, 4, 2]
    assert x.tolist() == N.tolist()
    assert f"{one:.2f} {one}" == "4.00 4.0"
    assert repr(x) == repr(N)
    assert (x.get() == N).all()
    assert gpu.transfers.to_host == {
        "float": 2, "int": 1, "bool": 1, "complex": 1, "item": 1, "tolist": 1, "format": 1, "str": 1, "repr": 1,
        "get": 1,
    }  # fmt: skip


def test_what_must_be_counted_first_waits_too(gpu, x):
    mask = x > 2
    assert x[mask].shape == (3,)
    x[mask] = 0
    assert len(x.nonzero()[0]) == 2
    assert gpu.argwhere(x).shape == (2, 2)
    assert gpu.where(mask, x, 1).shape == (2, 3)
    assert gpu.transfers.to_host == {"mask": 2, "nonzero": 1, "argwhere": 1}


def test_what_comes_out_is_a_copy(x):
    x.get()[...] = 0
    out = np.empty((2, 3))
    assert x.get(out=out) is out
    assert (out == N).all()


def test_set_is_a_way_in(gpu, x):
    x.set(N + 1)
    assert (x.get() == N + 1).all()
    assert gpu.transfers.to_device == {"set": 1}


@pytest.mark.parametrize("name", ["x", "foo"])
def test_nothing_can_be_hung_on_an_array(x, name):
    assert "StrictArray" in says(AttributeError, setattr, x, name, 1)
    assert "no attribute 'flat'" in says(AttributeError, getattr, x, "flat")


def test_parameters_that_cupys_methods_do_not_take(x):
    assert says(TypeError, lambda: x.sum(initial=0)) == "cupy's sum() got an unexpected keyword argument 'initial'"
    assert says(TypeError, lambda: x.max(where=x > 0)) == "cupy's max() got an unexpected keyword argument 'where'"


def test_types_that_cupy_lacks(x):
    for dtype in (object, np.longdouble, "U3"):
        assert says(ValueError, x.astype, dtype) == f"Unsupported dtype {np.dtype(dtype)}"


def test_out_is_given_back(gpu, x):
    out = gpu.empty(2)
    assert x.sum(axis=1, out=out) is out
    assert (out.get() == N.sum(axis=1)).all()
    assert says(TypeError, lambda: x.sum(axis=1, out=np.empty(2))).startswith("Unsupported type")


def test_copies_are_copies(x):
    for other in (x.copy(), copy.copy(x), copy.deepcopy(x)):
        other[...] = 0
    assert (x.get() == N).all()


def test_what_an_array_says_of_itself(x):
    assert (x.shape, x.ndim, x.size, x.dtype, x.nbytes, len(x)) == ((2, 3), 2, 6, np.float64, 48, 2)
    assert (x.T.get() == N.T).all()
    assert not isinstance(x, np.ndarray)
    assert "unhashable" in says(TypeError, hash, x)
