"""parallel/nccl.py: what NCCL is asked for, by a double that checks it; on real GPUs it has not been tried."""

import ctypes
import logging
import threading
import types

import numpy as np
import pytest

from cafe_edu.device import to_numpy
from cafe_edu.errors import ParallelError
from cafe_edu.parallel.nccl import NcclSums, sums_for
from cafe_edu.parallel.solver import ParallelSolver
from cafe_edu.parallel.threads import run_ranks
from cafe_edu.testing import strict_cupy
from cafe_edu.testing.strict_array import StrictArray

SOLVER = """
base_lr: 0.1 lr_policy: "fixed" momentum: 0.9 random_seed: 5 solver_mode: GPU
net_param {
  layer { name: "x" type: "DummyData" top: "x" top: "t" dummy_data_param {
    shape { dim: 4 dim: 6 } shape { dim: 4 dim: 3 }
    data_filler { type: "gaussian" } data_filler { type: "gaussian" } } }
  layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3
    weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
}
"""
KNOWN = {}  # address -> (numbers, their type), of arrays that were asked where they are
IDENTITY = tuple(i - 64 for i in range(128))  # bytes with a sign, as cupy gives them


class Event:
    def __init__(self, done=True):
        self.done = done


class Stream:
    """A stream of a GPU, which here is never behind."""

    ptr = 77

    def __init__(self, null=False, non_blocking=False):
        self.non_blocking, self.waited = non_blocking, 0

    def record(self, event=None):
        return Event()

    def wait_event(self, event):
        assert isinstance(event, Event)
        self.waited += 1


def double(communicator, gpus=None):
    """cupy.cuda as one rank sees it; its NCCL adds up over threads, and checks what it is given."""
    nccl = types.SimpleNamespace(available=True, NCCL_FLOAT32=7, NCCL_FLOAT64=8, NCCL_SUM=0, calls=[])

    def get_unique_id():
        assert communicator.rank == 0
        return IDENTITY

    class NcclCommunicator:
        def __init__(self, ndev, commId, rank):
            assert (ndev, commId, rank) == (communicator.size, IDENTITY, communicator.rank)

        def allReduce(self, sendbuf, recvbuf, count, datatype, op, stream):
            assert {type(a) for a in (sendbuf, recvbuf, count, datatype, op, stream)} == {int}
            assert (sendbuf, op, stream) == (recvbuf, 0, 77)
            assert KNOWN[sendbuf] == (count, {7: "float32", 8: "float64"}[datatype])
            number = {7: ctypes.c_float, 8: ctypes.c_double}[datatype]
            array = np.ctypeslib.as_array((number * count).from_address(sendbuf))
            communicator.start_sum(array).wait()
            nccl.calls.append((count, datatype))

        def abort(self):
            nccl.calls.append("abort")

    nccl.get_unique_id, nccl.NcclCommunicator = get_unique_id, NcclCommunicator
    gpu = communicator.rank if gpus is None else gpus[communicator.rank]
    runtime = types.SimpleNamespace(getDevice=lambda: 0, getDeviceProperties=lambda _: {"uuid": bytes([gpu] * 16)})
    return types.SimpleNamespace(nccl=nccl, runtime=runtime, Stream=Stream, get_current_stream=Stream)


@pytest.fixture
def gpu(monkeypatch):
    """The stand-in for cupy, whose arrays say where they are."""

    def data(array):
        place = array._host.ctypes.data
        KNOWN[place] = array.size, array.dtype.name
        return types.SimpleNamespace(ptr=place)

    monkeypatch.setattr(StrictArray, "data", property(data), raising=False)
    with strict_cupy() as module:
        yield module


def net_of(gpu, cuda):
    return types.SimpleNamespace(xp=types.SimpleNamespace(cuda=cuda, empty=gpu.empty))


@pytest.mark.parametrize(("dtype", "code"), [("float32", 7), ("float64", 8)])
def test_a_sum(gpu, dtype, code):
    def ask(communicator):
        net = net_of(gpu, double(communicator))
        sums = sums_for(communicator, net)
        assert isinstance(sums, NcclSums)
        assert sums._stream.non_blocking  # or it would wait for the layers
        x = gpu.full((2, 3), communicator.rank + 1, dtype)
        request = sums.start_sum(x)
        request.poke()
        request.wait()
        assert sums._stream.waited == 1  # for the numbers to be there
        return x.tolist(), net.xp.cuda.nccl.calls

    assert run_ranks(3, ask) == [([[6] * 3] * 2, [(6, code)])] * 3


def test_who_cannot_use_it(gpu, caplog):
    caplog.set_level(logging.INFO, logger="cafe_edu")

    def ask(communicator, gpus, available):
        net = net_of(gpu, double(communicator, gpus))
        net.xp.cuda.nccl.available = available or communicator.rank == 0
        return sums_for(communicator, net) is communicator

    assert run_ranks(2, lambda c: ask(c, [3, 3], True)) == [True, True]
    assert run_ranks(2, lambda c: ask(c, [3, 4], False)) == [True, True]  # rank 1 lacks it
    assert caplog.messages == [
        "Gradients pass through the host's memory: two ranks share a GPU",
        "Gradients pass through the host's memory: NCCL is not here",
    ]
    on_the_cpu = types.SimpleNamespace(xp=np)
    assert run_ranks(1, lambda c: sums_for(c, on_the_cpu) is c) == [True]


def test_a_rank_that_failed_is_not_waited_for(gpu):
    def ask(communicator):
        cuda = double(communicator)
        sums = sums_for(communicator, net_of(gpu, cuda))
        if communicator.rank == 1:
            raise ValueError("gone")
        sums._stream.record = lambda: Event(done=False)
        sums._talk.allReduce = lambda *args: None
        try:
            sums.start_sum(gpu.ones(3)).wait()
        except ParallelError as error:
            told.append((str(error), cuda.nccl.calls))
            raise

    told = []
    with pytest.raises(ValueError, match="gone"):
        run_ranks(2, ask)
    assert told == [("rank 1 of 2 failed: ValueError: gone", ["abort"])]


@pytest.mark.parametrize("with_nccl", [True, False])
def test_ranks_learn_what_they_learn_without(gpu, monkeypatch, tmp_path, with_nccl):
    monkeypatch.chdir(tmp_path)  # where a rank that fails leaves what it has learned
    mine, plain_cuda = threading.local(), gpu.cuda

    class Cuda:
        """Each rank sees a double of its own."""

        def __getattr__(self, name):
            own = getattr(mine, "cuda", None)
            return getattr(own if hasattr(own, name) else plain_cuda, name)

    def train(communicator):
        if with_nccl:
            mine.cuda = double(communicator)
        solver = ParallelSolver(SOLVER, communicator, engine="plain")
        solver.step(3)
        assert solver.net.xp is gpu
        assert (type(solver.messages.communicator) is NcclSums) == with_nccl
        if with_nccl:
            assert mine.cuda.nccl.calls == [(21, 7)] * 3  # all gradients in one message, once a step
        return [to_numpy(param.blob.data) for param in solver.net.learnable]

    monkeypatch.setattr(gpu, "cuda", Cuda())
    found = run_ranks(2, train)
    on_the_cpu = SOLVER.replace("solver_mode: GPU", "")

    def right(communicator):
        solver = ParallelSolver(on_the_cpu, communicator, engine="plain")
        solver.step(3)
        return [param.blob.data.copy() for param in solver.net.learnable]

    for mine_, theirs in zip(found, run_ranks(2, right), strict=True):
        for a, b in zip(mine_, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
