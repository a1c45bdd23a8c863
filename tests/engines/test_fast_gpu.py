"""engines/fast_gpu.py computes what engines/plain.py computes: its kernels run by `testing/cuda_on_cpu.py`, or a GPU.

On "strict" a C++ compiler makes the very sources run thread by thread; on "cupy" they run on the GPU that is here.
"""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cafe_edu import Net, Solver, layer
from cafe_edu.arrays.pooling import pool_size
from cafe_edu.arrays.windows import Window
from cafe_edu.device import cupy, to_numpy
from cafe_edu.engines import (
    conv_gpu,
    cuda,
    depthwise_gpu,
    engine,
    fast_gpu,
    lrn_gpu,
    normalization_gpu,
    plain,
    pooling_gpu,
)
from cafe_edu.errors import CafeError, ShapeError
from cafe_edu.proto import caffe_pb2
from cafe_edu.testing import check_layer, strict_cupy
from cafe_edu.testing.cuda_on_cpu import compiler

small = st.integers(1, 4)
pairs = st.tuples(small, small)
types = st.sampled_from([np.float32, np.float64])
TOLERANCE = {np.float32: 1e-4, np.float64: 1e-10}
some = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(params=["strict", "cupy"])
def gpu(request):
    """The module whose arrays the kernels work on."""
    if request.param == "cupy":
        if cupy() is None:
            pytest.skip("no GPU answers")
        yield cupy()
    elif compiler() is None:
        pytest.skip("no C++ compiler here, to run kernels on the CPU")
    else:
        with strict_cupy(kernels=True) as module:
            yield module


def normal(seed, dtype, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def both(gpu, function, *arrays, **how):
    """Call a function of both engines, plain on numpy's arrays and fast_gpu on the device; return (result, arrays)."""
    mine = [a.copy() if isinstance(a, np.ndarray) else a for a in arrays]
    yield getattr(plain, function)(*mine, **how), mine
    there = [gpu.asarray(a) if isinstance(a, np.ndarray) else a for a in arrays]
    found = getattr(fast_gpu, function)(*there, **how)
    yield found, [to_numpy(a) if isinstance(a, gpu.ndarray) else a for a in there]


def same(dtype, mine, their, *places):
    for i in places:
        np.testing.assert_allclose(their[i], mine[i], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@st.composite
def geometries(draw):
    """A window, an image size that it fits, images, channels and groups."""
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    window = Window(kernel, stride, draw(st.tuples(st.integers(0, 3), st.integers(0, 3))), dilation)
    size = tuple(draw(st.integers(extent, extent + 7)) for extent in window.extent)
    group = draw(st.integers(1, 3))
    return window, size, draw(st.integers(1, 5)), group * draw(st.integers(1, 3)), group * draw(small), group


@some
@given(geometries(), types, st.sampled_from([1, 700, 2**26]), st.booleans())
def test_convolution(gpu, geometry, dtype, chunk, bias):
    """Whatever the cutting into chunks; depthwise and of one pixel too."""
    window, size, N, C, O, group = geometry
    out = window.conv_size(size)
    x, W = normal(1, dtype, N, C, *size), normal(2, dtype, O, C // group, *window.kernel)
    b, dy = normal(3, dtype, O) if bias else None, normal(4, dtype, N, O, *out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv_gpu, "CHUNK", chunk)
        nothing = np.full((N, O, *out), np.nan, dtype)
        (_, mine), (_, their) = both(gpu, "conv_forward", x, W, b, window, group, nothing)
        same(dtype, mine, their, 5)
        before = np.ones_like(W), np.ones(O, dtype), np.full_like(x, np.nan)  # added to, added to, overwritten
        (_, mine), (_, their) = both(gpu, "conv_backward", x, W, dy, window, group, *before)
        same(dtype, mine, their, 5, 6, 7)
        (_, mine), (_, their) = both(gpu, "conv_backward", None, W, dy, window, group, None, None, before[2])
        same(dtype, mine, their, 7)
        (_, mine), (_, their) = both(gpu, "conv_backward", x, W, dy, window, group, before[0], None, None)
        same(dtype, mine, their, 5)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("C", "O", "group"), [(3, 4, 1), (6, 4, 2), (3, 6, 3)])
@pytest.mark.parametrize("kernel", [1, 3])
def test_convolution_of_each_kind(gpu, dtype, C, O, group, kernel):
    window = Window.square(kernel)
    x, W, b = normal(1, dtype, 3, C, 7, 6), normal(2, dtype, O, C // group, kernel, kernel), normal(3, dtype, O)
    dy = normal(4, dtype, 3, O, *window.conv_size((7, 6)))
    (_, mine), (_, their) = both(gpu, "conv_forward", x, W, b, window, group, np.full_like(dy, np.nan))
    same(dtype, mine, their, 5)
    before = np.ones_like(W), np.ones(O, dtype), np.full_like(x, np.nan)
    (_, mine), (_, their) = both(gpu, "conv_backward", x, W, dy, window, group, *before)
    same(dtype, mine, their, 5, 6, 7)


@pytest.mark.parametrize(("kernel", "group"), [(1, 1), (3, 1), (3, 2)])
def test_no_images(gpu, kernel, group):
    window, b = Window.square(kernel), np.ones(4, np.float32)
    W, dy = normal(1, np.float32, 4, 2 // group, kernel, kernel), np.empty((0, 4, 6 - kernel, 6 - kernel), np.float32)
    x, before = np.empty((0, 2, 5, 5), np.float32), np.ones_like(W)
    (_, mine), (_, their) = both(gpu, "conv_forward", x, W, b, window, group, dy)
    same(np.float32, mine, their, 5)
    (_, mine), (_, their) = both(gpu, "conv_backward", x, W, dy, window, group, before, b, x)
    same(np.float32, mine, their, 5, 6, 7)


def test_what_is_no_image(gpu):
    window = Window.square(3, axes=1)
    x, W, y = normal(1, np.float32, 2, 3, 9), normal(2, np.float32, 4, 3, 3), np.empty((2, 4, 7), np.float32)
    (_, mine), (_, their) = both(gpu, "conv_forward", x, W, None, window, 1, y)
    same(np.float32, mine, their, 5)


@some
@given(geometries(), types, st.booleans())
def test_pooling(gpu, geometry, dtype, ceil):
    """Windows that hang over the edge, that overlap, that leave inputs out."""
    window, size, N, C, _, _ = geometry
    pad = tuple(min(p, k - 1) for p, k in zip(window.pad, window.kernel, strict=True))
    window = Window(window.kernel, window.stride, pad, (1, 1))
    try:
        out = pool_size(size, window, ceil)
    except ShapeError:
        assume(False)
    x = np.round(normal(1, dtype, N, C, *size), 1)  # with ties: the first of equal ones counts
    nothing, dy, dx = np.full((N, C, *out), np.nan, dtype), normal(2, dtype, N, C, *out), np.full_like(x, np.nan)
    for want in (True, False):
        (index, mine), (found, their) = both(gpu, "max_forward", x, window, nothing, want)
        assert np.array_equal(mine[2], their[2])
        assert np.array_equal(index, to_numpy(found)) if want else index is found is None
    index = plain.max_forward(x, window, nothing.copy(), True)
    (_, mine), (_, their) = both(gpu, "max_backward", dy, index, window, dx)
    same(dtype, mine, their, 3)
    (_, mine), (_, their) = both(gpu, "ave_forward", x, window, nothing)
    same(dtype, mine, their, 2)
    (_, mine), (_, their) = both(gpu, "ave_backward", dy, window, dx)
    same(dtype, mine, their, 2)


def test_pooling_of_what_is_no_number_and_of_many_places(gpu):
    x = normal(1, np.float32, 1, 2, 18, 20)
    x[0, 0, 3, 4], x[0, 1, :, :] = np.nan, -np.inf
    for window in (Window.square(3, stride=2), Window((17, 18), (1, 1), (0, 0), (1, 1))):
        y = np.zeros((1, 2, *pool_size((18, 20), window)), np.float32)
        (index, mine), (found, their) = both(gpu, "max_forward", x, window, y, True)
        assert np.array_equal(mine[2], their[2], equal_nan=True)
        assert np.isnan(mine[2]).any()
        assert np.array_equal(index, to_numpy(found))
        assert found.dtype == index.dtype
        (_, mine), (_, their) = both(gpu, "max_backward", y + 1, index, window, np.empty_like(x))
        same(np.float32, mine, their, 3)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(3, 7, 4, 5), (1, 1, 1, 1), (2, 3, 1, 300), (5, 300, 1, 1), (0, 2, 3, 3)])
@pytest.mark.parametrize("size", [1, 5, 9])
def test_lrn(gpu, dtype, shape, size):
    x, dy, nothing = normal(1, dtype, *shape), normal(2, dtype, *shape), np.full(shape, np.nan, dtype)
    for axes in ((1,), (2, 3)):
        (kept, mine), (found, their) = both(gpu, "lrn_forward", x, size, axes, 0.3, 0.75, 2.0, nothing)
        same(dtype, mine, their, 6)
        plain.lrn_backward(x, dy, kept, size, axes, 0.3, 0.75, expected := nothing.copy())
        dx = gpu.asarray(nothing)
        fast_gpu.lrn_backward(gpu.asarray(x), gpu.asarray(dy), found, size, axes, 0.3, 0.75, dx)
        same(dtype, [expected], [to_numpy(dx)], 0)


SHAPES = [(4, 3, 10), (2, 5, 1), (300, 2, 1), (1, 1, 700), (7, 300, 3)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kept", [True, False])
def test_batch_norm(gpu, dtype, shape, kept):
    x = normal(1, dtype, *shape) * 3 + 100  # far from 0: what a sum of squares less a square would lose
    y, kept = np.full(shape, np.nan, dtype), np.full(shape, np.nan, dtype) if kept else None
    (expected, mine), (found, their) = both(gpu, "batch_norm_forward", x, 1e-3, y, kept)
    loose = dtype if shape[0] * shape[2] > 1 else np.float32
    np.testing.assert_allclose(their[2], mine[2], atol=TOLERANCE[loose] * 10)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(to_numpy(b), a, rtol=TOLERANCE[loose])
    if kept is not None:
        assert np.array_equal(their[3], their[2])
    y, std, dy = mine[2], expected[2], normal(2, dtype, *shape)
    (_, mine), (_, their) = both(gpu, "batch_norm_backward", dy, y, std, np.full(shape, np.nan, dtype))
    same(dtype, mine, their, 3)
    (_, mine), (_, their) = both(gpu, "normalize", x, expected[0], std, np.empty(shape, dtype), kept)
    same(dtype, mine, their, 3)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [*SHAPES, (0, 2, 3)])
@pytest.mark.parametrize(("with_s", "with_b"), [(1, 1), (1, 0), (0, 1)])
def test_scale(gpu, dtype, shape, with_s, with_b):
    x, dy, C = normal(1, dtype, *shape), normal(2, dtype, *shape), shape[1]
    s, b = normal(3, dtype, C) if with_s else None, normal(4, dtype, C) if with_b else None
    for kept in (np.full(shape, np.nan, dtype), None):
        (_, mine), (_, their) = both(gpu, "scale_forward", x, s, b, np.full(shape, np.nan, dtype), kept)
        same(dtype, mine, their, 3, *([] if kept is None else [4]))
    ds, db = np.ones(C, dtype) if with_s else None, np.ones(C, dtype) if with_b else None
    dx = np.full(shape, np.nan, dtype) if with_s else None
    (_, mine), (_, their) = both(gpu, "scale_backward", dy, x if with_s else None, s, ds, db, dx)
    same(dtype, mine, their, *[i for i in (3, 4, 5) if mine[i] is not None])


def test_in_place(gpu):
    """What may be written over what was read."""
    x, s = normal(1, np.float32, 3, 4, 5), normal(2, np.float32, 4)
    mean, std, positive = x.mean(axis=(0, 2)), 1 + s * s, x > 0
    calls = {
        "normalize": (mean, std, "x", None),
        "scale_forward": (s, s, "x", None),
        "scale_backward": (None, s, None, None, "x"),
        "batch_norm_backward": (x + 1, std, "x"),
        "relu_backward": (positive, "x"),
        "relu_forward": ("x", np.empty_like(positive)),
    }
    for name, rest in calls.items():
        getattr(plain, name)(mine := x.copy(), *(mine if isinstance(a, str) else a for a in rest))
        there = gpu.asarray(x)
        rest = [there if isinstance(a, str) else gpu.asarray(a) if isinstance(a, np.ndarray) else a for a in rest]
        getattr(fast_gpu, name)(there, *rest)
        same(np.float32, [mine], [to_numpy(there)], 0)
        assert not np.array_equal(mine, x), name


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_relu_and_the_step_downhill(gpu, dtype, count):
    x = normal(1, dtype, count)
    x[:3] = [np.nan, np.inf, 0][:count]
    (_, mine), (_, their) = both(gpu, "relu_forward", x, np.empty_like(x), np.empty(count, bool))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(mine, their, strict=True))
    (_, _), (_, alone) = both(gpu, "relu_forward", x, np.empty_like(x), None)
    assert np.array_equal(alone[1], mine[1], equal_nan=True)
    (_, mine), (_, their) = both(gpu, "relu_backward", x, mine[2], np.empty_like(x))
    assert np.array_equal(mine[2], their[2], equal_nan=True)
    arrays = [normal(seed, dtype, count) for seed in (2, 3, 4)]
    (_, mine), (_, their) = both(gpu, "sgd_update", *arrays, scale=0.5, decay=0.1, momentum=0.9, rate=0.01)
    same(dtype, mine, their, 0, 1, 2)
    arrays.append(normal(5, dtype, count) ** 2)  # a mean of squares
    how = {"scale": 0.5, "decay": 0.1, "beta1": 0.9, "beta2": 0.99, "rate": 0.01, "delta": 1e-3}
    (_, mine), (_, their) = both(gpu, "adam_update", *arrays, **how)
    same(dtype, mine, their, 0, 1, 2, 3)


def test_grids_smaller_than_the_work(gpu, monkeypatch):
    """A thread then takes several numbers, and several planes."""
    monkeypatch.setattr(cuda, "THREADS", 4)
    monkeypatch.setattr(cuda, "BLOCKS", 2)
    x, nothing = normal(1, np.float32, 3, 5, 7, 9), np.full((3, 5, 4, 5), np.nan, np.float32)
    (_, mine), (_, their) = both(gpu, "ave_forward", x, Window.square(2, stride=2), nothing)
    same(np.float32, mine, their, 2)


def test_every_primitive_is_here():
    assert set(fast_gpu.__all__) == set(plain.__all__)
    assert all(callable(getattr(fast_gpu, name)) for name in plain.__all__)
    own = set(plain.__all__) - {"product"}
    assert not [name for name in own if getattr(fast_gpu, name) is getattr(plain, name)]


SOURCES = {
    "conv": conv_gpu.SOURCE,
    "depthwise": depthwise_gpu.SOURCE,
    "elementwise": fast_gpu.SOURCE,
    "lrn": lrn_gpu.SOURCE,
    "normalization": normalization_gpu.SOURCE,
    **pooling_gpu.SOURCES,
}


@pytest.mark.slow
@pytest.mark.parametrize("number", cuda.NUMBERS)
@pytest.mark.parametrize("name", SOURCES)
def test_cudas_own_compiler_takes_it(tmp_path, name, number):
    if shutil.which("nvcc") is None:
        pytest.skip("no nvcc here")
    (tmp_path / "kernels.cu").write_text(cuda.PRELUDE % cuda.NUMBERS[number] + SOURCES[name])
    command = ["nvcc", "-std=c++17", "-cubin", "-Werror", "all-warnings", "-o", "kernels.cubin", "kernels.cu"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# planted faults: the tests above would see them -----------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("top + u < H", "top + u <= H", "Mismatch"),  # one row too far
        ("top + u < H", "top + u < H - 1", "Mismatch"),
        ("number > best)", "number >= best)", "Mismatch"),  # the last of equals
        ("y[plane * size + i] = best", "y[plane * size + i + 1] = best", "wrote beside an array|order of its threads"),
        ("y[plane * size + i] = best", "y[plane * size] = best", "depends on the order of its threads"),
        ("WINDOW, T lowest", "WINDOW, double lowest", r"takes \(i q f\*.* d f\* B\*\), found \(i q f\*.* f f\* B\*\)"),
    ],
)
def test_faults_are_found(gpu, monkeypatch, right, wrong, says):
    if cupy().__name__ == "cupy":
        pytest.skip("a GPU does not look")
    x, window = np.float32(np.arange(50).reshape(1, 2, 5, 5) // 2 % 7 - 9), Window.square(2, stride=1, pad=1)
    y = np.zeros((1, 2, 6, 6), np.float32)
    assert right in pooling_gpu.SOURCE
    monkeypatch.setitem(pooling_gpu.SOURCES, "uint8", pooling_gpu.SOURCES["uint8"].replace(right, wrong))
    with pytest.raises((AssertionError, IndexError, ValueError, TypeError), match=says):  # noqa: PT012
        (index, mine), (found, their) = both(gpu, "max_forward", x, window, y, True)
        np.testing.assert_array_equal(their[2], mine[2], err_msg="Mismatch")
        np.testing.assert_array_equal(to_numpy(found), index, err_msg="Mismatch")


def test_a_grid_without_its_guard_is_found(gpu, monkeypatch):
    if cupy().__name__ == "cupy":
        pytest.skip("a GPU does not look")
    monkeypatch.setattr(cuda, "PRELUDE", cuda.PRELUDE.replace("i < size;", "i < size + 1;"))
    with pytest.raises(IndexError, match="wrote beside an array"):
        fast_gpu.relu_forward(gpu.zeros(1000, "float32"), gpu.zeros(1000, "float32"), None)


# layers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["BatchNorm", "Bias", "Convolution", "Deconvolution", "InnerProduct", "LRN", "Pooling", "ReLU", "Scale"]
)
def test_layers_conform(gpu, monkeypatch, name):
    """Shapes, empty batches, in place, gradients: all that is asked of a layer, with this engine."""
    asked = set()

    class ByDevice:
        """What is checked there is held against the same layer on the CPU."""

        def __getattr__(self, primitive):
            def run(*args, **how):
                there = any(isinstance(value, gpu.ndarray) for value in args)
                asked.update([primitive] * there)
                return getattr(fast_gpu if there else plain, primitive)(*args, **how)

            return run

    monkeypatch.setattr(layer, "plain", ByDevice())
    check_layer(name, device="gpu")
    assert asked


# nets -----------------------------------------------------------------------------------------------------


def trained(name, batch, device, engine, rule, steps=3):
    """The losses and weights of a net of the benchmarks after some steps."""
    nets = pytest.importorskip("benchmarks.nets", reason="the benchmarks are not beside the tests")
    image, classes = nets.SIZES[name]
    spec = caffe_pb2.SolverParameter(
        net_param=nets.make(name, batch, "step"), random_seed=1, lr_policy="fixed", weight_decay=0.001, **rule
    )
    solver = Solver(spec, engine=engine, solver_mode=getattr(caffe_pb2.SolverParameter, device))
    rng = np.random.default_rng(0)
    solver.net.blobs["data"].data = rng.normal(size=(batch, *image))
    solver.net.blobs["label"].data = rng.integers(0, classes, batch)
    solver.step(steps)
    assert solver.net.engine.__name__ == f"cafe_edu.engines.{engine}"
    return [entry["loss"] for entry in solver.train_record], [to_numpy(p.blob.data) for p in solver.net.learnable]


@pytest.mark.parametrize(
    ("name", "batch", "rule"),
    [
        ("lenet", 4, {"type": "SGD", "base_lr": 0.01, "momentum": 0.9}),
        ("lenet", 4, {"type": "Adam", "base_lr": 0.001, "momentum": 0.9, "delta": 1e-3}),
        ("cifar_quick", 3, {"type": "SGD", "base_lr": 0.001, "momentum": 0.9}),
        ("resnet20", 2, {"type": "SGD", "base_lr": 0.001, "momentum": 0.9}),
    ],
)
def test_nets_learn_the_same(gpu, name, batch, rule):
    expected, right = trained(name, batch, "CPU", "plain", rule)
    losses, weights = trained(name, batch, "GPU", "fast_gpu", rule)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert losses[0] != losses[1]
    for mine, theirs in zip(weights, right, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 9 dim: 9 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 4 kernel_size: 3
  weight_filler { type: "xavier" } } }
layer { name: "norm" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "scale" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { kernel_size: 3 stride: 2 } }
layer { name: "lrn" type: "LRN" bottom: "p" top: "n" }
layer { name: "ip" type: "InnerProduct" bottom: "n" top: "y" loss_weight: 1 inner_product_param { num_output: 1
  weight_filler { type: "xavier" } } }
"""


def test_a_step_keeps_to_the_device(gpu):
    if gpu.__name__ == "cupy":
        pytest.skip("only the stand-in counts")
    net = Net(NET, "TRAIN", device="gpu", engine="fast_gpu")
    crossed = []
    for way in (net.forward, net.backward):
        gpu.transfers.clear()
        way()
        crossed.append((dict(gpu.transfers.to_host), dict(gpu.transfers.to_device)))
    assert crossed == [({"float": 1, "get": 1}, {}), ({}, {})]  # the loss is added up, and is an output


def test_auto_takes_it_on_a_gpu_and_nowhere_else(gpu):
    assert engine("auto", gpu) is fast_gpu
    assert Net(NET, device="gpu").engine is fast_gpu
    assert Net(NET).engine is plain
    with pytest.raises(CafeError, match="'fast_gpu' computes on a GPU, and this net lives on the CPU: use 'fast_cpu'"):
        Net(NET, engine="fast_gpu")
