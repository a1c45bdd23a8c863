"""testing/cuda_on_cpu.py runs kernels as a GPU would, and refuses what a GPU would get wrong."""

import numpy as np
import pytest

from cafe_edu.testing import strict_cupy
from cafe_edu.testing.cuda_on_cpu import RawKernel, compiler

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler here")

ADD = """
extern "C" __global__ void add(int n, float by, const float* x, float* y) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = x[i] + by;
}
extern "C" __global__ void where(int* out) {
    int block = blockIdx.y * gridDim.x + blockIdx.x, thread = threadIdx.y * blockDim.x + threadIdx.x;
    out[block * blockDim.x * blockDim.y + thread] = 100 * block + thread;
}
"""


@pytest.fixture
def gpu():
    with strict_cupy(kernels=True) as module:
        yield module


def run(kernel, *args, grid=(2, 1), block=(8, 1)):
    kernel(grid, block, args)


def refused(error, source, *args, **where):
    with pytest.raises(error) as caught:
        run(RawKernel(source, "add"), *args, **where)
    return str(caught.value)


def test_a_kernel_runs(gpu):
    x, y = gpu.arange(10, dtype="float32"), gpu.zeros(10, "float32")
    run(gpu.RawKernel(ADD, "add", options=("--std=c++17",)), np.int32(10), np.float32(0.5), x, y)
    assert y.tolist() == [i + 0.5 for i in range(10)]
    run(gpu.RawKernel(ADD, "add"), np.int32(10), np.float32(1), y, y)  # in place
    assert y.tolist() == [i + 1.5 for i in range(10)]


def test_every_thread_of_every_block_runs(gpu):
    out = gpu.zeros(36, "int32")
    run(gpu.RawKernel(ADD, "where"), out, grid=(2, 3), block=(3, 2))
    assert out.tolist() == [100 * block + thread for block in range(6) for thread in range(6)]


def test_without_being_asked_the_stand_in_has_no_kernels():
    with strict_cupy() as gpu, pytest.raises(AttributeError, match="cupy has 'RawKernel', its strict stand-in"):
        _ = gpu.RawKernel


@pytest.mark.parametrize("wrong", ["i <= n", "i < n - 1 || i == n", "i < n + 200"])
def test_writing_beside_an_array(gpu, wrong):
    x, y = gpu.ones(10, "float32"), gpu.ones(10, "float32")
    source = ADD.replace("i < n", wrong)
    assert refused(IndexError, source, np.int32(10), np.float32(1), x, y) == "a kernel wrote beside an array"
    assert y.tolist() == [1] * 10


def test_reading_beside_an_array(gpu):
    x, y = gpu.ones(10, "float32"), gpu.ones(10, "float32")
    run(RawKernel(ADD.replace("x[i]", "x[i + 1]"), "add"), np.int32(10), np.float32(1), x, y)
    assert np.isnan(y.get()).tolist() == [False] * 9 + [True]


@pytest.mark.parametrize("wrong", ["y[0]", "y[i / 2]"])
def test_threads_that_write_to_one_place(gpu, wrong):
    x, y = gpu.arange(10, dtype="float32"), gpu.zeros(10, "float32")
    found = refused(ValueError, ADD.replace("y[i]", wrong), np.int32(10), np.float32(1), x, y)
    assert found == "add: what it writes depends on the order of its threads"


def test_threads_that_read_what_others_write(gpu):
    y = gpu.arange(10, dtype="float32")
    source = ADD.replace("x[i]", "x[i > 0 ? i - 1 : 0]")
    assert "depends on the order" in refused(ValueError, source, np.int32(10), np.float32(1), y, y)


def test_arguments_of_another_type(gpu):
    x, y = gpu.ones(10, "float32"), gpu.ones(10, "float32")
    ten, one = np.int32(10), np.float32(1)
    for args, found in (
        ((10, one, x, y), "q f f* f*"),
        ((ten, 1.0, x, y), "i d f* f*"),
        ((ten, one, x.astype("float64"), y), "i f d* f*"),
        ((ten, one, x), "i f f*"),
    ):
        assert refused(TypeError, ADD, *args) == f"add takes (i f f* f*), found ({found})"
    assert refused(TypeError, ADD, ten, one, np.ones(10, "float32"), y) == "Unsupported type <class 'numpy.ndarray'>"


def test_arrays_that_a_kernel_would_misread(gpu):
    x, ten, one = gpu.zeros((10, 4), "float32"), np.int32(10), np.float32(1)
    assert "is not contiguous" in refused(ValueError, ADD, ten, one, x[:, 0], x)
    assert refused(ValueError, ADD, ten, one, x[:3], x[2:5]) == "two arrays overlap"
    assert "not equally long" in refused(ValueError, ADD, ten, one, x[:3], x)


@pytest.mark.parametrize(
    ("grid", "block"), [((0, 1), (8, 1)), ((1, 65536), (8, 1)), ((1, 1), (0, 1)), ((1, 1), (1024, 2))]
)
def test_grids_that_cuda_refuses(gpu, grid, block):
    x = gpu.zeros(10, "float32")
    found = refused(ValueError, ADD, np.int32(10), np.float32(1), x, x, grid=grid, block=block)
    assert found.startswith("CUDA_ERROR_INVALID_VALUE: a ")


def test_what_is_no_program(gpu):
    x = gpu.zeros(10, "float32")
    source = ADD.replace("if (i < n)", "if i < n")
    assert "kernels add, where are no C++" in refused(ValueError, source, np.int32(10), np.float32(1), x, x)
