"""synced_memory.py: Caffe's four states, and which requests copy."""

import itertools

import numpy as np
import pytest

from cafe_edu.device import cupy
from cafe_edu.errors import ShapeError
from cafe_edu.synced_memory import HEAD_AT_CPU, HEAD_AT_GPU, STATES, SYNCED, UNINITIALIZED, SyncedMemory

REQUESTS = ("cpu_data", "mutable_cpu_data", "gpu_data", "mutable_gpu_data", "set_cpu_data", "set_gpu_data")
# Caffe's syncedmem.cpp, read by hand: state -> for each request the next state and the copies (to the GPU, to the CPU)
EXPECTED = {
    UNINITIALIZED: [(HEAD_AT_CPU, 0, 0), (HEAD_AT_CPU, 0, 0), (HEAD_AT_GPU, 0, 0), (HEAD_AT_GPU, 0, 0)],
    HEAD_AT_CPU: [(HEAD_AT_CPU, 0, 0), (HEAD_AT_CPU, 0, 0), (SYNCED, 1, 0), (HEAD_AT_GPU, 1, 0)],
    HEAD_AT_GPU: [(SYNCED, 0, 1), (HEAD_AT_CPU, 0, 1), (HEAD_AT_GPU, 0, 0), (HEAD_AT_GPU, 0, 0)],
    SYNCED: [(SYNCED, 0, 0), (HEAD_AT_CPU, 0, 0), (SYNCED, 0, 0), (HEAD_AT_GPU, 0, 0)],
}
SETTING = [(HEAD_AT_CPU, 0, 0), (HEAD_AT_GPU, 0, 0)]


@pytest.fixture(params=["simulated", "cupy"])
def xp(request):
    """The module of the GPU's arrays."""
    if request.param == "simulated":
        return _simulated()
    return cupy() or pytest.skip("no GPU answers")


def _simulated():
    from cafe_edu.testing.strict_cupy import StrictCupy

    return StrictCupy()


def reach(state, xp):
    """A memory in a state; its numbers are 1, 2, 3 (or zeros, where nobody wrote any)."""
    memory = SyncedMemory((3,), xp=xp)
    if state == HEAD_AT_CPU:
        memory.mutable_cpu_data()[...] = [1, 2, 3]
    elif state in (HEAD_AT_GPU, SYNCED):
        memory.mutable_gpu_data()[...] = xp.asarray([1, 2, 3], "float32")
        if state == SYNCED:
            memory.cpu_data()
    assert memory.head == state
    return memory


def ask(memory, request):
    if request == "set_cpu_data":
        return memory.set_cpu_data(np.full(3, 7, np.float32))
    if request == "set_gpu_data":
        return memory.set_gpu_data(memory.xp.full(3, 7, "float32"))
    return getattr(memory, request)()


@pytest.mark.parametrize(("state", "i"), list(itertools.product(STATES, range(6))))
def test_every_transition(state, i, xp):
    memory, (head, to_gpu, to_cpu) = reach(state, xp), [*EXPECTED[state], *SETTING][i]
    before = memory.copies
    found = ask(memory, REQUESTS[i])
    assert memory.head == head
    assert tuple(memory.copies) == (before[0] + to_gpu, before[1] + to_cpu, before[2] + 12 * (to_gpu + to_cpu))
    if found is not None:
        values = found.get() if hasattr(found, "get") else found
        assert values.tolist() == ([0, 0, 0] if state == UNINITIALIZED else [1, 2, 3])


def test_the_table_in_the_docstring_is_what_happens():
    rows = [line.split() for line in SyncedMemory.__doc__.splitlines() if line.strip().startswith(STATES)]
    for row in rows[-4:]:
        text = " ".join(row[1:]).replace(" *", "*").split()
        expected = [head + "*" * (to_gpu + to_cpu) for head, to_gpu, to_cpu in EXPECTED[row[0]]]
        assert text == expected


def test_what_is_written_on_one_side_is_read_on_the_other(xp):
    memory = SyncedMemory((2, 2), np.float64, xp)
    memory.mutable_cpu_data()[...] = [[1, 2], [3, 4]]
    memory.mutable_gpu_data()[...] *= 10
    assert memory.cpu_data().tolist() == [[10, 20], [30, 40]]
    memory.mutable_cpu_data()[0, 0] = 5
    assert memory.gpu_data().get().tolist() == [[5, 20], [30, 40]]
    assert tuple(memory.copies) == (2, 1, 3 * 32)


def test_writing_what_is_to_be_read_is_refused(xp):
    memory = reach(SYNCED, xp)
    with pytest.raises(ValueError, match="read-only"):
        memory.cpu_data()[0] = 9
    memory.mutable_cpu_data()[0] = 9


def test_an_array_of_the_callers_is_shared(xp):
    memory, mine = SyncedMemory((3,), xp=xp), np.array([1, 2, 3], np.float32)
    memory.set_cpu_data(mine)
    mine[0] = 9
    assert memory.gpu_data().get().tolist() == [9, 2, 3]
    memory.mutable_gpu_data()[...] = 0
    memory.cpu_data()
    assert mine.tolist() == [0, 0, 0]


def test_errors():
    memory = SyncedMemory((3,))
    with pytest.raises(ShapeError, match=r"expected \(3,\) float32, found \(2,\) float64"):
        memory.set_cpu_data(np.zeros(2))
    with pytest.raises(ShapeError, match="expected a numpy array, found a list"):
        memory.set_cpu_data([1, 2, 3])
    with pytest.raises(ShapeError, match="expected an array on the GPU, found a ndarray"):
        memory.set_gpu_data(np.zeros(3, np.float32))
    assert memory.head == UNINITIALIZED


def test_the_simulated_side_is_out_of_numpys_reach():
    memory = SyncedMemory((3,), xp=_simulated())
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(memory.gpu_data())
