"""engines/__init__.py: which engine computes for a net."""

import logging
import subprocess
import sys
import types

import numpy as np
import pytest

from cafe_edu import Net, Solver, engines
from cafe_edu.engines import fast_cpu, fast_gpu, plain
from cafe_edu.errors import CafeError
from cafe_edu.solvers import rule
from cafe_edu.solvers.sgd import SGD

LARGE = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 8 dim: 16 dim: 32 dim: 32 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 16 kernel_size: 3 pad: 1
  weight_filler { type: "xavier" } %s } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { kernel_size: 3 stride: 2 } }
"""


def test_auto_takes_compiled_loops_where_there_is_enough_to_do():
    assert Net(LARGE % "").engine is fast_cpu
    assert Net(LARGE.replace("dim: 8", "dim: 1").replace("dim: 32", "dim: 8") % "").engine is plain


@pytest.mark.parametrize("name", ["plain", "fast_cpu"])
def test_an_engine_by_name(name):
    net = Net(LARGE % "", engine=name)
    assert {layer.engine.__name__ for layer in net.layers} == {f"cafe_edu.engines.{name}"}


def test_a_layer_that_asks_for_caffes_engine_is_computed_by_the_plain_one():
    net = Net(LARGE % "engine: CAFFE", engine="fast_cpu")
    assert [layer.engine for layer in net.layers if layer.type in ("Convolution", "Pooling")] == [plain, fast_cpu]


WITH_ENGINES = {
    "Convolution": "convolution_param { num_output: 2 kernel_size: 1 engine: %s }",
    "Pooling": "pooling_param { kernel_size: 2 engine: %s }",
    "LRN": "lrn_param { engine: %s }",
    "ReLU": "relu_param { engine: %s }",
    "Sigmoid": "sigmoid_param { engine: %s }",
    "TanH": "tanh_param { engine: %s }",
    "Softmax": "softmax_param { engine: %s }",
    "SPP": "spp_param { pyramid_height: 2 engine: %s }",
}


@pytest.mark.parametrize(("type_name", "options"), WITH_ENGINES.items())
@pytest.mark.parametrize(("says", "chosen"), [("CAFFE", plain), ("DEFAULT", fast_cpu), ("CUDNN", fast_cpu)])
def test_what_a_layer_says_of_its_engine(type_name, options, says, chosen):
    layer = f'layer {{ name: "one" type: "{type_name}" bottom: "p" top: "one" {options % says} }}'
    net = Net(LARGE % "" + layer, engine="fast_cpu")
    assert net.layers[-1].engine is chosen
    assert {layer.engine for layer in net.layers[:-1]} == {fast_cpu}
    net.forward()


def test_the_compiler_is_not_loaded_where_it_is_not_used():
    code = f"""
import sys
from cafe_edu import Net
net = Net({LARGE.replace("dim: 8", "dim: 1") % ""!r}, engine="plain")
net.forward()
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_both_give_the_same_net():
    x = np.random.default_rng(0).normal(size=(8, 16, 32, 32)).astype(np.float32)
    found = []
    for name in ("plain", "fast_cpu"):
        net = Net("force_backward: true" + LARGE % "", engine=name, rng=0)
        y = net.forward(x=x)["p"]
        net.backward(p=np.random.default_rng(1).normal(size=y.shape))
        found.append([y, net.blobs["x"].diff, *(blob.diff for blob in net.params["conv"])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_a_solver_hands_its_engine_on():
    solver = f'net_param {{ {LARGE % ""} }} base_lr: 0.1 lr_policy: "fixed"'
    assert Solver(solver, engine="plain").net.engine is plain
    assert Solver(solver).net.engine is fast_cpu


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("clip", [-1, 0.01])
def test_both_walk_the_same_steps(kind, clip):
    loss = """layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 8 dim: 16 dim: 16 dim: 16 } } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "p" bottom: "t" top: "loss" }"""
    found = []
    for name in ("plain", "fast_cpu"):
        solver = Solver(
            f'net_param {{ {LARGE % ""} {loss} }} base_lr: 0.001 lr_policy: "fixed" momentum: 0.9 random_seed: 1 '
            f'weight_decay: 0.1 iter_size: 2 clip_gradients: {clip} type: "{kind}"',
            engine=name,
        )
        solver.net.blobs["x"].data = np.random.default_rng(0).normal(size=(8, 16, 32, 32))
        before = solver.net.params["conv"][0].data.copy()
        solver.step(3)
        found.append([blob.data for blob in solver.net.params["conv"]] + [h for part in solver.history for h in part])
        assert not np.array_equal(before, found[-1][0])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_rule_of_ones_own_is_asked_even_under_a_known_name(monkeypatch):
    class Still(SGD):
        def update(self, g, history, rate, t):
            g[...] = 0
            return g

    monkeypatch.setitem(rule.RULES, "SGD", Still)
    solver = Solver(f'net_param {{ {LARGE % ""} }} base_lr: 0.1 lr_policy: "fixed"', engine="fast_cpu")
    before = solver.net.params["conv"][0].data.copy()
    solver.net.params["conv"][0].diff[...] = 1
    solver.apply_update(0.1)
    assert np.array_equal(solver.net.params["conv"][0].data, before)


def test_an_engine_that_does_not_exist():
    with pytest.raises(CafeError, match="expected an engine among auto, plain, fast_cpu, fast_gpu, found 'fast'"):
        Net(LARGE % "", engine="fast")


def test_each_fast_engine_keeps_to_its_device():
    gpu = types.ModuleType("cupy")
    with pytest.raises(CafeError, match="'fast_cpu' computes on the CPU, and this net lives on a GPU: use 'fast_gpu'"):
        engines.engine("fast_cpu", gpu)
    with pytest.raises(CafeError, match="'fast_gpu' computes on a GPU, and this net lives on the CPU: use 'fast_cpu'"):
        engines.engine("fast_gpu")
    assert engines.engine("auto", gpu, 1e12) is plain  # it has no compiler
    gpu.RawKernel = object
    assert engines.engine("auto", gpu) is engines.engine("fast_gpu", gpu) is fast_gpu
    assert engines.engine("plain", gpu) is plain


def test_without_numba_the_plain_engine_steps_in(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert engines.engine("auto", np, 1e12) is plain
    caplog.set_level(logging.WARNING, logger="cafe_edu")
    assert engines.engine("fast_cpu") is plain
    assert caplog.messages == ["engine fast_cpu needs numba, which is not installed: using plain"]
