"""memory_plan.py: blobs that are never needed at the same time share memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cafe_edu import Net, Solver
from cafe_edu.errors import NetError
from cafe_edu.memory_plan import ALIGNED, place

DEEP = (
    'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 dim: 6 dim: 6 } } }'
    + "".join(
        f"""
layer {{ name: "c{i}" type: "Convolution" bottom: "{f"c{i - 1}" if i else "x"}" top: "c{i}" convolution_param {{
  num_output: 4 kernel_size: 3 pad: 1 weight_filler {{ type: "msra" }} }} }}
layer {{ name: "relu{i}" type: "ReLU" bottom: "c{i}" top: "c{i}" }}"""
        for i in range(6)
    )
    + """
layer { name: "ip" type: "InnerProduct" bottom: "c5" top: "y" inner_product_param { num_output: 3
  weight_filler { type: "xavier" } } }
"""
)
LOSS = """
layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 2 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" }
"""
NORMED = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 dim: 5 dim: 5 } } }
layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 4 kernel_size: 3 pad: 1
  weight_filler { type: "msra" } } }
layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "scale" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "conv2" type: "Convolution" bottom: "c" top: "d" convolution_param { num_output: 4 kernel_size: 1
  weight_filler { type: "msra" } } }
layer { name: "sum" type: "Eltwise" bottom: "c" bottom: "d" top: "s" }
layer { name: "flat" type: "Flatten" bottom: "s" top: "f" }
layer { name: "relu2" type: "ReLU" bottom: "f" top: "f" }
layer { name: "ip" type: "InnerProduct" bottom: "f" top: "y" inner_product_param { num_output: 3
  weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "t" top: "accuracy" }
"""


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9), st.integers(0, 4)), max_size=12))
def test_what_lives_at_the_same_time_stands_apart(lives):
    needs = [(size, first, first + more) for size, first, more in lives]
    begins, total = place(needs)
    assert all(begin % ALIGNED == 0 for begin in begins)
    for i, (size, first, last) in enumerate(needs):
        assert begins[i] + size <= total
        for j in range(i):
            other, since, until = needs[j]
            apart = begins[i] + size <= begins[j] or begins[j] + other <= begins[i] or not size or not other
            assert apart or last < since or until < first
    assert total <= sum(-(-size // ALIGNED) * ALIGNED for size, _, _ in needs)


@pytest.mark.parametrize("text", [DEEP, DEEP + LOSS, NORMED])
def test_the_answers_are_the_same(text):
    nets = [Net(text, "TEST", rng=0, keep=keep) for keep in ("all", "outputs")]
    for seed, n in ((0, 4), (1, 4), (2, 7), (3, 2)):  # batches that grow and shrink
        inputs = {"x": normal(n, *nets[0].blobs["x"].shape[1:], seed=seed)}
        inputs |= {"t": np.arange(n) % 3} if "t" in nets[0].inputs else {}
        expected, found = (net.forward(**inputs) for net in nets)
        assert expected.keys() == found.keys()
        assert all(np.array_equal(expected[name], found[name]) for name in expected)


def bytes_of(net, part):
    """How much memory there is, each number counted once."""
    arrays = [getattr(blob, part)._array for blob in net.blobs.values()]
    wholes = {id(array if array.base is None else array.base): array if array.base is None else array.base
              for array in arrays if array is not None}  # fmt: skip
    return sum(whole.nbytes for whole in wholes.values())


def test_a_deep_net_needs_two_blobs_at_a_time():
    nets = [Net(DEEP, keep=keep) for keep in ("all", "outputs")]
    for net in nets:
        net.forward(x=normal(2, 4, 6, 6))
    blob = nets[0].blobs["c0"].data.nbytes
    y = nets[0].blobs["y"].data.nbytes
    assert bytes_of(nets[0], "_data") == 7 * blob + y
    assert bytes_of(nets[1], "_data") == 3 * blob + y  # x, and the two


def test_what_has_passed_on_cannot_be_looked_at():
    net = Net(DEEP, keep="outputs")
    with pytest.raises(NetError, match="these numbers are gone: the net keeps its outputs only; make it with keep"):
        net.forward(x=normal(2, 4, 6, 6)), net.blobs["c1"].data
    with pytest.raises(NetError, match="these numbers are gone"):
        net.blobs["c1"].data = 0
    assert net.blobs["x"].data.any()
    assert net.blobs["y"].data.any()
    with pytest.raises(NetError, match='no way back: this net was made with keep="outputs"; make it with keep="all"'):
        net.backward()
    with pytest.raises(NetError, match="these numbers are gone"):
        net.forward(start="c3")


def test_as_far_as_a_layer_in_the_middle():
    nets = [Net(DEEP, rng=0, keep=keep) for keep in ("all", "outputs")]
    expected, found = (net.forward(x=normal(2, 4, 6, 6), end="c3")["c3"] for net in nets)
    assert np.array_equal(expected, found)


@pytest.mark.parametrize("text", [DEEP + LOSS, NORMED])
def test_it_learns_the_same(text):
    solvers = []
    for keep in ("all", "outputs"):
        spec = f'net_param {{ {text} }} base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" random_seed: 1'
        solver = Solver(spec, keep=keep)
        n = solver.net.blobs["t"].shape[0]
        solver.net.blobs["x"].data, solver.net.blobs["t"].data = normal(*solver.net.blobs["x"].shape), np.arange(n) % 3
        solver.step(4)
        solvers.append(solver)
    one, other = solvers
    assert [entry["loss"] for entry in one.train_record] == [entry["loss"] for entry in other.train_record]
    for a, b in zip(one.net.learnable, other.net.learnable, strict=True):
        assert np.array_equal(a.blob.data, b.blob.data)
        assert np.array_equal(a.blob.diff, b.blob.diff)


def test_a_net_that_learns_shares_gradients():
    solver = Solver(f'net_param {{ {DEEP + LOSS} }} base_lr: 0.1 lr_policy: "fixed"', keep="outputs")
    solver.step(1)
    net = solver.net
    assert net.blobs["c2"].data.shape == (2, 4, 6, 6)
    with pytest.raises(NetError, match="these numbers are gone"):
        _ = net.blobs["c2"].diff
    assert bytes_of(net, "_diff") < 3 * net.blobs["c2"].data.nbytes


def test_a_word_it_does_not_know():
    with pytest.raises(NetError, match="expected keep 'all' or 'outputs', found 'none'"):
        Net(DEEP, keep="none")
