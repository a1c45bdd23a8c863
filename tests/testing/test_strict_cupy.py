"""The stand-in as a module: cupy's names and parameters, and no others."""

import sys

import numpy as np
import pytest

from cafe_edu import device
from cafe_edu.testing import strict_cupy
from cafe_edu.testing.cupy_names import read_names
from cafe_edu.testing.strict_array import StrictArray

NAMES = read_names()


@pytest.fixture
def gpu():
    with strict_cupy() as module:
        yield module


def says(error, do, *args, **kwargs):
    with pytest.raises(error) as caught:
        do(*args, **kwargs)
    return str(caught.value)


def test_it_is_the_gpu_for_as_long_as_the_block_runs():
    before = device.cupy(), sys.modules.get("cupy")
    with strict_cupy() as gpu:
        x = device.module_of("gpu").zeros(3)
        assert device.cupy() is device.module_of("gpu") is device.array_module(x) is gpu
        assert device.array_module(np.zeros(3)) is np
        assert device.to_numpy(x).tolist() == [0, 0, 0]
        assert dict(device.doctor())["GPU"] == f"strict stand-in for cupy, cupy {NAMES['cupy']} (strict stand-in)"
    assert (device.cupy(), sys.modules.get("cupy")) == before


def test_it_goes_even_if_the_block_fails(monkeypatch):
    here = object()
    monkeypatch.setitem(sys.modules, "cupy", here)
    with pytest.raises(ZeroDivisionError), strict_cupy():
        _ = 1 / 0
    assert sys.modules["cupy"] is here
    device.cupy.cache_clear()


def test_each_block_counts_from_zero(gpu):
    gpu.asarray([1])
    with strict_cupy() as other:
        assert not other.transfers.to_device


def test_functions_that_cupy_lacks(gpu):
    assert says(AttributeError, getattr, gpu, "errstate") == (
        "module 'cupy' has no attribute 'errstate'; numpy has: write this with what both have"
    )
    assert says(AttributeError, getattr, gpu, "nosuch") == "module 'cupy' has no attribute 'nosuch'"
    assert says(AttributeError, getattr, gpu, "random") == (
        "cupy has 'random', its strict stand-in does not: nothing here uses it so far"
    )


def test_every_name_of_the_file_works_where_numpy_has_it(gpu):
    for name in [*NAMES["ufuncs"], *NAMES["functions"], *NAMES["same"]]:
        assert hasattr(gpu, name) == hasattr(np, name)


@pytest.mark.parametrize(
    ("call", "says_what"),
    [
        (lambda gpu, x: gpu.sum(x, where=x > 0), "cupy's sum() got an unexpected keyword argument 'where'"),
        (lambda gpu, x: gpu.max(x, initial=0), "cupy's max() got an unexpected keyword argument 'initial'"),
        (lambda gpu, x: gpu.take_along_axis(x, x), "cupy's take_along_axis() missing a required argument: 'axis'"),
        (lambda gpu, x: gpu.exp(x, order="C"), "Wrong arguments {'order': 'C'}"),
    ],
)
def test_parameters_that_cupy_does_not_take(gpu, call, says_what):
    assert says(TypeError, call, gpu, gpu.ones((2, 2))) == says_what


def test_a_ufunc_takes_no_where(gpu):
    x = gpu.ones(2)
    assert says(TypeError, gpu.add, x, 1, where=x > 0).startswith("Wrong arguments {'where': ")


def test_sorting_has_one_kind(gpu):
    x = gpu.asarray([3.0, 1, 2])
    assert gpu.argsort(x, kind="stable").tolist() == [1, 2, 0]
    for sort in (gpu.argsort, gpu.sort, type(x).argsort):
        assert says(ValueError, sort, x, kind="quicksort") == "kind can only be None or 'stable'"


def test_a_list_is_no_array(gpu):
    assert says(AttributeError, gpu.sum, [1, 2]) == "cupy's sum() takes an array: 'list' object is none"
    assert says(TypeError, gpu.exp, [1, 2]).startswith("Unsupported type <class 'list'>: ")


@pytest.mark.parametrize(
    "mix",
    [
        lambda gpu, x, n: gpu.add(x, n),
        lambda gpu, x, n: gpu.exp(n),
        lambda gpu, x, n: gpu.sum(n),
        lambda gpu, x, n: gpu.where(x > 0, x, n),
        lambda gpu, x, n: gpu.concatenate([x, n]),
        lambda gpu, x, n: gpu.matmul(x, n),
        lambda gpu, x, n: gpu.take_along_axis(x, n, axis=0),
        lambda gpu, x, n: gpu.add.at(x, n, 1.0),
        lambda gpu, x, n: gpu.asarray([x, n]),
        lambda gpu, x, n: gpu.add(x, 1, out=n),
        lambda gpu, x, n: gpu.add(x, 1, n),
        lambda gpu, x, n: gpu.matmul(x, x, out=n),
        lambda gpu, x, n: gpu.pad(x, n),
    ],
)
def test_arrays_of_two_places_do_not_meet(gpu, mix):
    assert "Unsupported type <class 'numpy.ndarray'>" in says(TypeError, mix, gpu, gpu.ones((2, 2)), np.ones((2, 2)))


def test_the_ways_in_copy_and_are_counted(gpu):
    n = np.ones(3)
    for name in ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"):
        x = getattr(gpu, name)(n)
        x[...] = 0
    assert (n == 1).all()
    assert gpu.transfers.to_device == dict.fromkeys(
        ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"), 1
    )
    x = gpu.asarray([1, 2], dtype="float32", blocking=True)
    assert (x.dtype, x.tolist()) == (np.float32, [1, 2])


def test_what_is_there_already_is_not_counted(gpu):
    x = gpu.zeros(2)
    gpu.asarray(x)[0] = 1  # the same memory
    gpu.array(x)[1] = 1  # a copy
    assert gpu.asarray([x, x]).tolist() == [[1, 0], [1, 0]]
    assert not gpu.transfers.to_device


def test_the_ways_out(gpu):
    x = gpu.ones(2)
    assert type(gpu.asnumpy(x)) is np.ndarray
    assert gpu.asnumpy([1, 2]).tolist() == [1, 2]
    assert gpu.transfers.to_host == {"get": 1}


def test_every_answer_is_an_array(gpu):
    x = gpu.ones((2, 3))
    answers = gpu.allclose(x, x), gpu.array_equal(x, x)
    for found in (gpu.sum(x), gpu.exp(1.0), gpu.maximum(2, 1), gpu.dot(x[0], x[0]), *answers):
        assert isinstance(found, StrictArray)
        assert found.shape == ()
    assert all(isinstance(part, StrictArray) for part in (*gpu.split(x, 3, axis=1), *gpu.nonzero(x)))
    assert gpu.ndim(x) == 2


@pytest.mark.parametrize("make", [lambda gpu: gpu.empty(3), lambda gpu: gpu.empty_like(gpu.ones(3))])
def test_unknown_contents_show(gpu, make):
    assert np.isnan(make(gpu).get()).all()
    assert gpu.empty(1, np.int8).item() == 127
    assert gpu.empty(1, bool).item()


def test_types_that_cupy_lacks(gpu):
    assert says(ValueError, gpu.zeros, 3, object) == "Unsupported dtype object"
    assert says(ValueError, gpu.asarray, [None, 2]) == "Unsupported dtype object"
    assert says(ValueError, gpu.asarray, ["a"]) == "Unsupported dtype <U1"


def test_methods_of_ufuncs(gpu):
    x = gpu.asarray([1.0, 2, 3])
    gpu.add.at(x, gpu.asarray([0, 0, 2]), 10.0)
    assert x.tolist() == [21, 2, 13]
    gpu.maximum.at(x, gpu.asarray([1]), 4.0)
    assert x.tolist() == [21, 4, 13]
    assert gpu.add.reduce(x).item() == 38
    assert gpu.multiply.accumulate(x).tolist() == [21, 84, 1092]
    assert gpu.add.reduceat(x, gpu.asarray([0, 1])).tolist() == [21, 17]
    assert gpu.subtract.outer(x, x[:1]).tolist() == [[0], [-17], [-8]]
    assert gpu.divmod(x, 4)[1].tolist() == [1, 0, 1]
    out = gpu.zeros(3)
    assert gpu.add(x, 1, out) is out


@pytest.mark.parametrize(
    ("ufunc", "method"),
    [("multiply", "at"), ("exp", "at"), ("maximum", "reduce"), ("subtract", "accumulate"), ("multiply", "reduceat")],
)
def test_methods_that_cupys_ufuncs_lack(gpu, ufunc, method):
    x = gpu.ones(2)
    args = {"at": (x, x, 1), "reduceat": (x, x)}.get(method, (x,))
    text = says(NotImplementedError, getattr(getattr(gpu, ufunc), method), *args)
    assert text == f"`cupy_{ufunc}.{method}` is not supported yet"


def test_many_threads_cannot_add_to_every_type(gpu):
    text = says(TypeError, gpu.add.at, gpu.zeros(2, np.int64), gpu.asarray([0]), 1)
    assert text.startswith("add.at only supports ")
    assert text.endswith("found int64")
