import sys
import types

import numpy as np
import pytest

from cafe_edu import device
from cafe_edu.errors import CafeError


class FakeArray:
    """An array that lives on no CPU."""

    def __init__(self, values):
        self.values = values

    def get(self):
        return np.asarray(self.values)


@pytest.fixture
def fake_cupy(monkeypatch):
    """A cupy that answers."""
    fake = types.ModuleType("cupy")
    fake.__version__ = "0"
    fake.cuda = types.SimpleNamespace(
        is_available=lambda: True,
        runtime=types.SimpleNamespace(getDeviceProperties=lambda i: {"name": b"Fake GPU"}),
    )
    fake.zeros = np.zeros
    fake.get_array_module = lambda x: fake if isinstance(x, FakeArray) else np
    monkeypatch.setitem(sys.modules, "cupy", fake)
    device.cupy.cache_clear()
    yield fake
    device.cupy.cache_clear()


@pytest.fixture
def no_cupy(monkeypatch):
    """A machine without cupy."""
    monkeypatch.setitem(sys.modules, "cupy", None)  # importing it then raises ImportError
    device.cupy.cache_clear()
    yield
    device.cupy.cache_clear()


def test_numpy_arrays_work_with_numpy():
    assert device.array_module(np.zeros(3)) is np
    assert device.array_module(np.float32(3)) is np


def test_other_arrays_work_with_cupy(fake_cupy):
    assert device.array_module(FakeArray([1])) is fake_cupy
    assert device.array_module(np.zeros(3)) is np


def test_to_numpy():
    x = np.zeros(3)
    assert device.to_numpy(x) is x
    assert device.to_numpy(FakeArray([1, 2])).tolist() == [1, 2]
    assert device.to_numpy([1, 2]).tolist() == [1, 2]


def test_the_module_of_a_device(fake_cupy):
    assert device.module_of("cpu") is np
    assert device.module_of("gpu") is fake_cupy


def test_no_gpu(no_cupy):
    assert device.cupy() is None
    assert device.array_module([1]) is np
    with pytest.raises(CafeError) as caught:
        device.module_of("gpu")
    assert str(caught.value) == ("device 'gpu' needs cupy and an NVIDIA GPU, and none answers; see `cafe doctor`")


def test_an_unknown_device():
    with pytest.raises(CafeError) as caught:
        device.module_of("tpu")
    assert str(caught.value) == "expected device 'cpu' or 'gpu', found 'tpu'"


def test_a_cupy_whose_gpu_fails_is_none(fake_cupy, monkeypatch):
    def fail(*args):
        raise RuntimeError("no driver")

    monkeypatch.setattr(fake_cupy, "zeros", fail)
    assert device.cupy() is None
    assert dict(device.doctor())["GPU"] == "none in use (optional): cupy 0 is installed but no GPU answers"


def test_the_doctor_finds_a_gpu(fake_cupy):
    assert dict(device.doctor())["GPU"] == "Fake GPU, cupy 0"


def test_what_the_doctor_says(no_cupy, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    facts = dict(device.doctor())
    assert list(facts) == [
        "Python", "system", "numpy", "threads", "GPU", "data folder", "data set digits", "data set mnist",
        "data set fashion_mnist", "data set cifar10",
    ]  # fmt: skip
    assert sys.executable in facts["Python"]
    assert np.__version__ in facts["numpy"]
    assert facts["threads"] == "OPENBLAS_NUM_THREADS=2"
    assert facts["GPU"] == "none in use (optional): cupy is not installed"
    assert facts["data set digits"] == "at hand"
