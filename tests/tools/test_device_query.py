"""Device query, on this machine and with a cupy that stands for CUDA's answers."""

import json
import sys
import types

import numpy as np
import pytest
from click.testing import CliRunner

from cafe_edu import device
from cafe_edu.cli import main
from cafe_edu.device import choose_gpu
from cafe_edu.errors import CafeError, SpecError
from cafe_edu.tools.device_query import device_query

ANSWER = {"name": b"Test GPU", "major": 9, "minor": 0, "totalGlobalMem": 1 << 34, "maxThreadsDim": (1024, 1024, 64)}


@pytest.fixture
def two_gpus(monkeypatch):
    """A cupy that knows two GPUs; ``used`` lists those that were chosen."""
    fake = types.ModuleType("cupy")
    fake.used = []
    runtime = types.SimpleNamespace(getDeviceCount=lambda: 2, getDeviceProperties=lambda i: ANSWER)
    fake.cuda = types.SimpleNamespace(
        is_available=lambda: True,
        runtime=runtime,
        Device=lambda number: types.SimpleNamespace(use=lambda: fake.used.append(number)),
    )
    fake.zeros = np.zeros
    monkeypatch.setitem(sys.modules, "cupy", fake)
    device.cupy.cache_clear()
    yield fake
    device.cupy.cache_clear()


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    device.cupy.cache_clear()
    yield
    device.cupy.cache_clear()


def test_each_gpu_in_caffes_words(two_gpus):
    first, second = device_query()
    assert first == {
        "Device id": 0,
        "Major revision number": 9,
        "Minor revision number": 0,
        "Name": "Test GPU",
        "Total global memory": 1 << 34,
        "Maximum dimension of block": [1024, 1024, 64],
    }
    assert second["Device id"] == 1
    assert device_query("1") == [second]
    assert device_query("1,0") == [second, first]


def test_the_command_logs_and_prints_json(two_gpus):
    result = CliRunner().invoke(main, ["device_query", "-gpu", "0", "--json"], catch_exceptions=False)
    assert "] Querying GPUs 0" in result.stderr
    assert "] Name:                           Test GPU" in result.stderr
    assert json.loads(result.stdout) == device_query("0")


def test_choosing_one(two_gpus):
    choose_gpu("1")
    choose_gpu(0)
    assert two_gpus.used == [1, 0]


@pytest.mark.parametrize("ask", [device_query, choose_gpu])
def test_one_that_is_not_there(two_gpus, ask):
    with pytest.raises(CafeError, match="no GPU 2: there are 2"):
        ask("2")


def test_no_gpu_at_all(no_gpu):
    assert device_query() == []
    for ask in (device_query, choose_gpu):
        with pytest.raises(CafeError, match="no GPU 0: none answers; see `cafe doctor`"):
            ask("0")


def test_this_machine():
    count = 0 if device.cupy() is None else device.cupy().cuda.runtime.getDeviceCount()
    assert len(device_query()) == count


@pytest.mark.parametrize("which", ["", "first", "0,x", "-1"])
def test_what_is_no_number(which):
    with pytest.raises(SpecError, match="expected numbers of GPUs such as 0 or 0,1, or all, found"):
        device_query(which)
