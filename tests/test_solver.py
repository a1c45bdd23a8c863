"""solver.py: training as Caffe does it, stopped, killed and gone on with."""

import glob
import logging
import os
import pathlib
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest

import cafe_edu
import cafe_edu.layers
from cafe_edu import Layer, Net, Solver, layer
from cafe_edu.caffemodel import read_state, read_weights
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import DataError, NetError, SpecError, WeightsError
from cafe_edu.legacy import upgrade_net
from cafe_edu.log import log_to
from cafe_edu.proto import caffe_pb2
from cafe_edu.prototxt import parse_net, parse_solver, read_net, read_solver
from cafe_edu.solvers.rule import RULES

# ---- one parameter, one number: all can be worked by hand ----

# loss = sum(w x): the gradient of w is x, whatever w is
LINE = """
name: "line"
layer { name: "numbers" type: "Numbers" top: "x" }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1
  inner_product_param { num_output: 1 bias_term: false weight_filler { type: "constant" value: 1 } } }
"""


class Numbers(Layer):
    """Gives the next of a list, again and again."""

    num_bottom = 0
    values = (1, 2, 3, 4)

    def setup(self, bottom):
        self.count = 0

    def top_shapes(self, bottom_shapes):
        return [(1, 1)]

    def forward(self, bottom, top):
        top[0].data[...] = self.values[self.count % len(self.values)]
        self.count += 1

    def backward(self, top, propagate_down, bottom):
        pass


def line(net=LINE, layers=None, **fields):
    """A solver of the one-number net."""
    spec = caffe_pb2.SolverParameter(**{"lr_policy": "fixed", "base_lr": 0.5, "max_iter": 4, **fields})
    if not any(spec.HasField(name) for name in ("net", "train_net", "train_net_param")):
        spec.net_param.CopyFrom(parse_net(net))
    return Solver(spec, layers={"Numbers": Numbers, **(layers or {})})


def weight(solver):
    return solver.net.params["ip"][0].data.item()


@pytest.mark.parametrize(
    ("fields", "weights"),
    [
        # w - 0.5 x, from w = 1, x = 1, 2, 3
        ({}, [0.5, -0.5, -2]),
        # h = 0.5 h + 0.5 x: 0.5, 1.25, 2.125
        ({"momentum": 0.5}, [0.5, -0.75, -2.875]),
        # the rate is inside h: with rates 0.5, 0.25, 0.125, h = 0.5, 0.75, 0.75
        ({"momentum": 0.5, "lr_policy": "exp", "gamma": 0.5}, [0.5, -0.25, -1]),
        # g = x + 2 w: 3, 1, 1
        ({"weight_decay": 2}, [-0.5, -1, -1.5]),
        # g = x + 2 sign(w): 3, 0, 1
        ({"weight_decay": 2, "regularization_type": "L1"}, [-0.5, -0.5, -1]),
        # the mean of two batches: x = 1.5, 3.5, 1.5
        ({"iter_size": 2}, [0.25, -1.5, -2.25]),
        # no gradient is longer than 2
        ({"clip_gradients": 2}, [0.5, -0.5, -1.5]),
        # clipped before iter_size: sums 3, 7, 3 become 2, halved 1
        ({"iter_size": 2, "clip_gradients": 2}, [0.5, 0, -0.5]),
        # clipped before the decay: 0.5 + 2 w, from w = 1
        ({"clip_gradients": 0.5, "weight_decay": 2}, [-0.25, -0.25, -0.25]),
        ({"clip_gradients": 0}, [1, 1, 1]),
    ],
    ids=str,
)
def test_by_hand(fields, weights):
    solver, found = line(**fields), []
    for _ in weights:
        solver.step(1)
        found.append(weight(solver))
    assert found == pytest.approx(weights)


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("lr_mult: 0.5", 0.25),  # 1 - 0.5 * 0.5 * (1 + 2 w)
        ("decay_mult: 0", 0.5),
        ("decay_mult: 0.5", 0),
        ("lr_mult: 0", 1),
    ],
)
def test_multipliers(param, expected):
    solver = line(LINE.replace("inner_product_param", f"param {{ {param} }} inner_product_param"), weight_decay=2)
    solver.step(1)
    assert weight(solver) == expected


def test_clipping_leaves_out_what_does_not_move():
    """Caffe makes no gradient for a parameter with lr_mult 0, so it does not count in the norm."""
    text = LINE + LINE.split("\n", 3)[3].replace('"ip"', '"jp"').replace('"y"', '"z"')
    frozen = text.replace('top: "z"', 'top: "z" param { lr_mult: 0 } propagate_down: true')
    assert [p.layer for p in line(frozen).net.learnable] == ["ip", "jp"]
    both, one = line(text, clip_gradients=0.5), line(frozen, clip_gradients=0.5)
    both.step(1)
    one.step(1)
    assert 1 - weight(both) == pytest.approx(0.5 * 0.5 / 2**0.5)
    assert 1 - weight(one) == pytest.approx(0.5 * 0.5)


def test_multistep_takes_one_step_at_an_iteration():
    """As in Caffe: two stepvalues at one iteration take effect one iteration apart."""
    solver, rates = line(lr_policy="multistep", gamma=0.5, stepvalue=[1, 1, 3]), []
    for step in (0, 1, 2, 3, 3):
        solver.step(1)
        rates.append(solver.train_record[-1]["lr"])
        assert solver.current_step == step
    assert rates == [0.5, 0.25, 0.125, 0.0625, 0.0625]


def test_multistep_resumed_amid_its_steps(tmp_path):
    fields = {"lr_policy": "multistep", "gamma": 0.5, "stepvalue": [1, 1, 1], "snapshot_prefix": str(tmp_path / "x")}
    solver = line(**fields)
    solver.step(3)
    assert solver.current_step == 2
    _, state = solver.snapshot()
    resumed = line(**fields)
    resumed.restore(state)
    resumed.step(2)
    assert [entry["lr"] for entry in resumed.train_record] == [0.0625, 0.0625]


def test_a_warm_up():
    solver = line(warmup_iter=2, warmup_start_lr=0.25)
    solver.step(4)
    assert [entry["lr"] for entry in solver.train_record] == [0.25, 0.375, 0.5, 0.5]


def test_fields_of_several_gpus_are_accepted():
    solver = line(layer_wise_reduce=False, device_id=3)
    solver.step(1)
    assert weight(solver) == 0.5


def test_average_loss():
    """Losses are 1 * 1, 1 * 2, 1 * 3 with a rate of 0."""
    solver = line(base_lr=0, average_loss=2, layers=None)
    solver.step(4)
    assert [entry["loss"] for entry in solver.train_record] == [1, 1.5, 2.5, 3.5]
    assert [entry["iter"] for entry in solver.train_record] == [0, 1, 2, 3]


def test_a_resumed_run_averages_its_own_losses(tmp_path):
    """As in Caffe: those of before the snapshot are forgotten."""
    fields = {"base_lr": 0, "average_loss": 3, "snapshot_prefix": str(tmp_path / "x")}
    solver = line(**fields)
    solver.step(3)
    _, state = solver.snapshot()
    solver.restore(state)
    solver.step(2)  # its numbers go on with 4, 1
    assert [entry["loss"] for entry in solver.train_record[3:]] == [4, 2.5]


def test_the_loss_of_an_iteration_is_the_mean_of_its_batches():
    solver = line(base_lr=0, iter_size=4)
    solver.step(1)
    assert solver.train_record == [{"iter": 0, "loss": 2.5, "lr": 0}]


def test_what_is_in_the_record_is_the_rate_of_the_policy():
    solver = line(lr_policy="step", gamma=0.1, stepsize=2)
    solver.step(3)
    assert [entry["lr"] for entry in solver.train_record] == pytest.approx([0.5, 0.5, 0.05])


# ---- real Caffe's trajectories ----


class HDF5Data(Layer):
    """Rows of the one file that a list names; stands in until the house has its own."""

    options_field = "hdf5_data_param"
    num_bottom, num_top = 0, (1, None)

    def setup(self, bottom):
        (path,) = pathlib.Path(self.options.source).read_text().split()
        with h5py.File(pathlib.Path(self.options.source).parent / pathlib.Path(path).name) as file:
            self.columns = [file[name][()] for name in self.spec.top]
        self.row = 0

    def top_shapes(self, bottom_shapes):
        return [(self.options.batch_size, *column.shape[1:]) for column in self.columns]

    def forward(self, bottom, top):
        rows = (self.row + np.arange(self.options.batch_size)) % len(self.columns[0])
        self.row += self.options.batch_size
        for blob, column in zip(top, self.columns, strict=True):
            blob.data = column[rows]


class TanH(Layer):
    """Stands in until the house has its own."""

    in_place = rereads_top = True

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = np.tanh(bottom[0].data)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff * (1 - top[0].data ** 2)


TRAJECTORIES = [
    *("sgd_plain", "sgd_momentum", "sgd_mom_wd_l2", "sgd_clip", "sgd_itersize2", "lr_exp", "lr_inv", "lr_step"),
    *("nesterov", "adagrad", "rmsprop", "adam"),
]


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_caffes_trajectories(name, shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    with np.load(f"solvers/{name}.npz") as file:
        stored = dict(file)
    spec = parse_solver(str(stored["solver"]))
    if spec.type not in RULES:
        pytest.skip(f"solver type {spec.type} is not there yet")
    spec.ClearField("net")
    stand_ins = {"HDF5Data": HDF5Data, "TanH": TanH}
    missing = {key: cls for key, cls in stand_ins.items() if key not in layer.REGISTRY}
    solver = Solver(spec, layers=missing, net_param=parse_net(str(stored["net"])))
    params = {key: solver.net.params[key.split("/")[0]][int(key[-1])] for key in ("ip1/0", "ip1/1", "ip2/0", "ip2/1")}
    for key, blob in params.items():
        blob.data = stored[f"traj/{key}"][0]
    for i in range(20):
        solver.step(1)
        assert solver.net.loss == pytest.approx(stored["loss"][i], rel=1e-5)
        for key, blob in params.items():
            np.testing.assert_allclose(blob.data, stored[f"traj/{key}"][i + 1], rtol=1e-5, atol=1e-6)
    histories = [h for arrays in solver.history for h in arrays]
    for i, history in enumerate(histories):
        np.testing.assert_allclose(history, stored[f"history/{i}"], rtol=1e-5, atol=1e-6)
    assert f"history/{len(histories)}" not in stored
    assert (solver.iter, solver.current_step) == (stored["state_iter"], stored["state_current_step"])


# ---- the tiny LeNet, as real Caffe trained it ----


@pytest.fixture(scope="module")
def tiny(shared, tmp_path_factory):
    """Train the tiny LeNet for 300 iterations from Caffe's first weights; return the folder with all it wrote."""
    folder = tmp_path_factory.mktemp("tiny")
    handler = log_to(path=folder / "train.log")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shared / "oracle")
        solver = Solver(
            "lenet/lenet_tiny_solver_BINARYPROTO.prototxt",
            snapshot_prefix=folder / "lenet_tiny",
            weights="lenet/lenet_tiny_init.caffemodel",
        )
        solver.solve()
    logging.getLogger("cafe_edu").removeHandler(handler)
    handler.close()
    return folder


def near(found, expected, rtol=1e-4):
    """Hold two lists of arrays together; the tolerance is relative to each array's largest number."""
    for mine, caffes in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, caffes, rtol=0, atol=rtol * abs(caffes).max())


def flat(weights):
    return [array for name in sorted(weights) for array in weights[name]]


@pytest.mark.slow
@pytest.mark.parametrize("iter", [150, 300])
def test_tiny_lenet_has_caffes_weights_and_history(iter, tiny, shared):
    name = f"lenet_tiny_iter_{iter}"
    oracle = shared / "oracle" / "lenet"
    found, expected = (read_weights(folder / f"{name}.caffemodel") for folder in (tiny, oracle))
    assert sorted(found) == sorted(expected) == ["conv1", "conv2", "ip1", "ip2"]
    near(flat(found), flat(expected))
    state, caffes = (read_state(folder / f"{name}.solverstate") for folder in (tiny, oracle))
    assert (state.iter, state.current_step) == (caffes.iter, caffes.current_step) == (iter, 0)
    assert state.learned_net == str(tiny / f"{name}.caffemodel")
    near(state.history, caffes.history)


def test_caffes_hdf5_state_says_what_its_binary_one_says(shared, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    one, other = (Solver("lenet/lenet_tiny_resume_solver.prototxt", random_seed=seed) for seed in (1, 2))
    one.restore("lenet/lenet_tiny_iter_150.solverstate")
    other.restore("lenet/lenet_tiny_iter_150.solverstate.h5")
    assert one.iter == other.iter == 150
    assert everything(one) == everything(other)


def messages(log):
    """The lines of a training log from the first test on, as (words, numbers); speeds are left out."""
    lines = [line.split("] ", 1)[1] for line in log.read_text().splitlines() if re.match(r"I\d+ .*\.(cpp|py):", line)]
    lines = lines[lines.index("Iteration 0, Testing net (#0)") :]
    lines = lines[: lines.index("Optimization Done.") + 1]
    found = []
    for line in lines:
        if line.startswith("Restarting data prefetching"):
            continue
        line = re.sub(r"\(.* iter/s, .*s/20 iters\)", "(speed)", line)
        line = re.sub(r"file .*/", "file ", line)
        numbers = [float(number) for number in re.findall(r"(?<== )[\d.e+-]+", line)]
        found.append((re.sub(r"(?<== )[\d.e+-]+", "?", line), numbers))
    return found


@pytest.mark.slow
def test_tiny_lenets_log_is_caffes_line_for_line(tiny, shared):
    found, expected = messages(tiny / "train.log"), messages(shared / "oracle" / "lenet" / "lenet_tiny_train.log")
    assert [words for words, _ in found] == [words for words, _ in expected]
    for (words, mine), (_, caffes) in zip(found, expected, strict=True):
        assert mine == pytest.approx(caffes, rel=1e-4), words


@pytest.mark.slow
def test_tiny_lenet_resumed_is_caffes_resumed(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    solver = Solver("lenet/lenet_tiny_resume_solver.prototxt", snapshot_prefix=tmp_path / "r", test_iter=[], display=0)
    solver.solve(resume="lenet/lenet_tiny_iter_150.solverstate")
    assert solver.iter == 300
    near(
        flat(read_weights(tmp_path / "r_iter_300.caffemodel")),
        flat(read_weights("lenet/lenet_tiny_resumed_iter_300.caffemodel")),
    )
    state, caffes = (
        read_state(tmp_path / "r_iter_300.solverstate"),
        read_state("lenet/lenet_tiny_resumed_iter_300.solverstate"),
    )
    assert state.iter == caffes.iter
    near(state.history, caffes.history)


# ---- a small net on an LMDB, with chance in it ----

CHANCE = """
name: "chance"
layer { name: "items" type: "Data" top: "x" top: "label" include { phase: TRAIN }
  transform_param { scale: 0.00390625 mirror: true } data_param { source: "items_lmdb" batch_size: 8 backend: LMDB } }
layer { name: "items" type: "Data" top: "x" top: "label" include { phase: TEST }
  transform_param { scale: 0.00390625 } data_param { source: "items_lmdb" batch_size: 10 backend: LMDB } }
layer { name: "ip1" type: "InnerProduct" bottom: "x" top: "h"
  inner_product_param { num_output: 16 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "h" top: "h" }
layer { name: "drop" type: "Dropout" bottom: "h" top: "h" }
layer { name: "ip2" type: "InnerProduct" bottom: "h" top: "y"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""
CHANCE_SOLVER = """
net: "chance.prototxt"
test_iter: 2
test_interval: 6
base_lr: 0.1
momentum: 0.9
lr_policy: "multistep"
gamma: 0.5
stepvalue: 4
stepvalue: 8
max_iter: 20
snapshot: 5
snapshot_prefix: "chance"
random_seed: 7
"""


def write_chance(folder):
    rng = np.random.default_rng(0)
    items = [(rng.integers(256, size=(1, 4, 4), dtype=np.uint8), i % 3) for i in range(30)]
    write_lmdb(folder / "items_lmdb", items)
    (folder / "chance.prototxt").write_text(CHANCE)
    (folder / "chance_solver.prototxt").write_text(CHANCE_SOLVER)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_chance(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything(solver):
    """All that a solver has learned, as bytes."""
    blobs = [param.blob.data for param in solver.net.learnable]
    return [array.tobytes() for array in [*blobs, *(h for arrays in solver.history for h in arrays)]]


def trained(resume=None, **changes):
    solver = Solver("chance_solver.prototxt", **{"snapshot": 0, "snapshot_after_train": False, **changes})
    solver.solve(resume)
    return solver


def test_one_seed_gives_one_result_bit_for_bit(folder):
    assert everything(trained()) == everything(trained())


def test_another_seed_gives_another(folder):
    assert everything(trained())[0] != everything(trained(random_seed=8))[0]
    assert everything(trained(random_seed=-1))[0] != everything(trained(random_seed=-1))[0]


def test_snapshots_are_one_seeds_too(folder):
    trained(snapshot=5, snapshot_prefix="a/x")
    trained(snapshot=5, snapshot_prefix="b/x")
    for path in (folder / "a").glob("*.caffemodel"):
        assert path.read_bytes() == (folder / "b" / path.name).read_bytes()


@pytest.mark.parametrize("format", ["BINARYPROTO", "HDF5"])
def test_resume_restores_weights_history_iteration_and_rate_step(format, folder):
    ending = ".h5" if format == "HDF5" else ""
    solver = Solver("chance_solver.prototxt", snapshot_format=format)
    solver.step(5)
    other = Solver("chance_solver.prototxt", random_seed=99)
    other.restore(f"chance_iter_5.solverstate{ending}")
    assert everything(other) == everything(solver)
    assert (other.iter, other.current_step) == (5, 1)
    assert other.train_record == []


def test_resume_twice_is_the_same_bit_for_bit(folder):
    trained(snapshot=5)
    once, twice = trained("chance_iter_10.solverstate"), trained("chance_iter_10.solverstate")
    assert once.iter == twice.iter == 20
    assert everything(once) == everything(twice)


def test_resume_finds_a_model_that_moved_along(folder):
    trained(snapshot=5)
    (folder / "moved").mkdir()
    for path in folder.glob("chance_iter_5.*"):
        path.rename(folder / "moved" / path.name)
    assert trained("moved/chance_iter_5.solverstate").iter == 20
    (folder / "moved" / "chance_iter_5.caffemodel").unlink()
    with pytest.raises(WeightsError) as caught:
        trained("moved/chance_iter_5.solverstate")
    expected = "moved/chance_iter_5.solverstate names chance_iter_5.caffemodel, which is neither there nor beside it"
    assert str(caught.value) == expected


def test_a_state_of_another_net(folder):
    trained(snapshot=5)
    (folder / "chance.prototxt").write_text(CHANCE.replace("num_output: 16", "num_output: 17"))
    solver = Solver("chance_solver.prototxt")
    before = everything(solver)
    with pytest.raises(WeightsError) as caught:
        solver.restore("chance_iter_5.solverstate")
    assert str(caught.value) == (
        "chance_iter_5.solverstate does not fit this solver: expected 4 history arrays of 343 numbers, "
        "found 4 of 323; same net and solver type?"
    )
    assert everything(solver) == before
    assert solver.iter == 0


# ---- kill -9 ----

CHILD = """
import os, sys
from cafe_edu import Solver, files
from cafe_edu.layers.dropout import Dropout

where, number = sys.argv[1], int(sys.argv[2])
calls = 0

def deadly(function):
    def call(*arguments, **keywords):
        global calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), 9)
        return function(*arguments, **keywords)
    return call

if where == "forward":
    Dropout.forward = deadly(Dropout.forward)
elif where == "write":
    files.os.fsync = deadly(os.fsync)
elif where == "rename":
    files.os.replace = deadly(os.replace)
Solver("chance_solver.prototxt").solve()
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A folder in which the training ran to its end."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_chance(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Solver("chance_solver.prototxt").solve()
    return folder


@pytest.mark.parametrize(
    ("where", "number", "newest"),
    [
        ("forward", 20, 10),  # in iteration 13, after 3 tests of 2 batches
        ("write", 3, 5),  # the model of iteration 10 is not whole
        ("write", 4, 5),  # that model is, its state is not
        ("rename", 6, 10),  # the state of iteration 15 is whole, under another name
        ("nowhere", 0, 20),
    ],
)
def test_killed_and_resumed(where, number, newest, folder, undisturbed, monkeypatch):
    home = {**os.environ, "PYTHONPATH": str(pathlib.Path(cafe_edu.__file__).parents[1])}
    command = [sys.executable, "-c", CHILD, where, str(number)]
    done = subprocess.run(command, cwd=folder, env=home, stderr=subprocess.PIPE)
    assert done.returncode == (0 if where == "nowhere" else -9), done.stderr.decode()
    states = {read_state(path).iter: path for path in glob.glob("*.solverstate")}
    assert max(states) == newest
    for path in folder.glob("*.caffemodel"):  # whatever is there is whole, and the same as without the kill
        assert path.read_bytes() == (undisturbed / path.name).read_bytes()
    resumed = trained(states[newest])
    monkeypatch.chdir(undisturbed)
    assert everything(resumed) == everything(trained(states[newest]))


# ---- snapshots: names, formats, when ----


@pytest.mark.parametrize(
    ("prefix", "stem"),
    [("out/x", "out/x"), ("there", "there/chance_solver"), ("there/", "there/chance_solver"), ("", "chance_solver")],
)
def test_snapshot_names(prefix, stem, folder):
    """A folder gets the solver's name, and so does no prefix at all."""
    (folder / "there").mkdir()
    model, state = Solver("chance_solver.prototxt", snapshot_prefix=prefix).snapshot()
    assert str(model) == f"{stem}_iter_0.caffemodel"
    assert str(state) == f"{stem}_iter_0.solverstate"
    assert read_state(state).learned_net == str(model)


def test_without_a_prefix_snapshots_lie_beside_the_solver(folder, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    model, _ = Solver(folder / "chance_solver.prototxt", snapshot_prefix="").snapshot()
    assert model == folder / "chance_solver_iter_0.caffemodel"


def test_a_solver_without_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, _ = line().snapshot()
    assert str(model) == "solver_iter_0.caffemodel"


def test_when_snapshots_are_written(folder):
    def names():
        found = sorted(int(path.stem.rpartition("_")[2]) for path in folder.glob("*.solverstate"))
        for path in folder.glob("chance_iter_*"):
            path.unlink()
        return found

    Solver("chance_solver.prototxt", snapshot=6).solve()
    assert names() == [6, 12, 18, 20]
    Solver("chance_solver.prototxt", snapshot=6, snapshot_after_train=False).solve()
    assert names() == [6, 12, 18]
    Solver("chance_solver.prototxt", snapshot=10).solve()
    assert names() == [10, 20]
    Solver("chance_solver.prototxt", snapshot=0).solve()
    assert names() == [20]
    solver = Solver("chance_solver.prototxt", snapshot=0)
    solver.snapshot_wanted = True
    solver.step(2)
    assert names() == [1]


def listing(path):
    """Every data set of an HDF5 file, with shape and kind of number."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, thing: found.update({name: thing}))
        return {name: (thing.shape, thing.dtype.kind) for name, thing in found.items() if hasattr(thing, "shape")}


def test_hdf5_snapshots_are_laid_out_as_caffes(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(shared / "oracle")
    solver = Solver("lenet/lenet_tiny_solver_HDF5.prototxt", snapshot_prefix=tmp_path / "x")
    model, state = solver.snapshot()
    assert (model.name, state.name) == ("x_iter_0.caffemodel.h5", "x_iter_0.solverstate.h5")
    assert listing(model) == listing("lenet/lenet_tiny_iter_150.caffemodel.h5")
    assert listing(state) == listing("lenet/lenet_tiny_iter_150.solverstate.h5")


@pytest.mark.parametrize("format", ["BINARYPROTO", "HDF5"])
def test_snapshots_with_gradients(format, tmp_path):
    solver = line(snapshot_prefix=str(tmp_path / "x"), snapshot_diff=True, snapshot_format=format, momentum=0.5)
    solver.step(1)
    model, _ = solver.snapshot()
    expected = solver.net.params["ip"][0].diff
    assert expected == 0.5  # the update, as in Caffe: the rule writes over the gradient
    if format == "HDF5":
        with h5py.File(model) as file:
            np.testing.assert_array_equal(file["diff/ip/0"], expected)
    else:
        message = caffe_pb2.NetParameter.FromString(model.read_bytes())
        assert list(message.layer[1].blobs[0].diff) == expected.ravel().tolist()
    assert read_weights(model)["ip"][0].item() == weight(solver)


# ---- tests while training ----


def test_when_tests_are_run(folder):
    assert [entry["iter"] for entry in trained().test_record] == [0, 6, 12, 18]
    assert [entry["iter"] for entry in trained(test_interval=10).test_record] == [0, 10, 20]
    assert [entry["iter"] for entry in trained(test_initialization=False).test_record] == [6, 12, 18]


def test_a_test_gives_means(folder):
    solver = Solver("chance_solver.prototxt", test_iter=3)  # 3 batches of 10: every item once
    (means,) = solver.test()
    net = Net("chance.prototxt", "TEST")
    net.share_with(solver.net)
    batches = [net.forward() for _ in range(3)]
    for name in ("accuracy", "loss"):
        assert means[name] == pytest.approx(np.mean([batch[name] for batch in batches]), rel=1e-5)
        assert solver.test_record[-1][name] == pytest.approx(means[name])
    assert {"iter": 0, "net": 0}.items() <= solver.test_record[-1].items()


def test_test_nets_share_the_train_nets_parameters(folder):
    solver = Solver("chance_solver.prototxt")
    solver.step(1)
    for mine, theirs in zip(solver.net.params["ip1"], solver.test_nets[0].params["ip1"], strict=True):
        assert np.shares_memory(mine.data, theirs.data)


def test_order_of_test_nets(tmp_path):
    """net_param ones first, then files, then the training net's own TEST form."""
    path = tmp_path / "file.prototxt"
    path.write_text(LINE.replace('name: "line"', 'name: "file"'))
    inline = parse_net(LINE.replace('name: "line"', 'name: "inline"'))
    solver = line(test_net=[str(path)], test_net_param=[inline], test_iter=[1, 2, 3], test_interval=1)
    assert [net.name for net in solver.test_nets] == ["inline", "file", "line"]
    assert all(net.phase == "TEST" for net in solver.test_nets)
    results = solver.test()
    assert [result["y"].item() for result in results] == pytest.approx([1, 1.5, 2])  # means of 1, 2, 3 batches
    assert [entry["net"] for entry in solver.test_record] == [0, 1, 2]
    assert [entry["y"] for entry in solver.test_record] == pytest.approx([1, 1.5, 2])


def test_states_choose_layers():
    text = LINE + LINE.split("\n", 3)[3].replace('"ip"', '"jp"').replace('"y"', '"z" include { stage: "more" }')
    plain = line(text, test_iter=[1], test_interval=1)
    assert "jp" not in plain.net.params
    states = {"train_state": {"stage": ["more"]}, "test_state": [{"level": 1}]}
    solver = line(text, test_iter=[1], test_interval=1, **states)
    assert "jp" in solver.net.params
    assert "jp" not in solver.test_nets[0].params
    own = line('state { stage: "more" } ' + text, test_iter=[1], test_interval=1)  # the net's own state counts too
    assert "jp" in own.net.params
    assert "jp" in own.test_nets[0].params


def test_whose_phase_counts():
    """The solver's default yields to the net's own state, and that to train_state and test_state."""
    train, test = caffe_pb2.Phase.Value("TRAIN"), caffe_pb2.Phase.Value("TEST")
    own = 'state { phase: TEST } '
    fields = {"test_iter": [1], "test_interval": 1}

    def phases(text=LINE, **states):
        solver = line(text, **fields, **states)
        return solver.net.phase, solver.test_nets[0].phase

    assert phases() == ("TRAIN", "TEST")
    assert phases(own + LINE) == ("TEST", "TEST")
    assert phases(own + LINE, train_state={"phase": train}) == ("TRAIN", "TEST")
    assert phases(train_state={"phase": test}, test_state=[{"phase": train}]) == ("TEST", "TRAIN")
    assert phases(own.replace("TEST", "TRAIN") + LINE, test_state=[{"stage": ["a"]}]) == ("TRAIN", "TRAIN")


def test_whose_level_and_stages_count():
    """A level of the solver's states wins over the net's; stages are added to the net's."""
    more = LINE.split("\n", 3)[3]
    text = 'state { level: 2 stage: "a" } ' + LINE
    rules = {"two": "min_level: 2", "a": 'stage: "a"', "b": 'stage: "b"', "ab": 'stage: "a" stage: "b"'}
    for name, rule in rules.items():
        text += more.replace('"ip"', f'"{name}"').replace('"y"', f'"y_{name}" include {{ {rule} }}')

    def layers(net):
        return [name for name in net.params if name != "ip"]

    states = {"train_state": {"level": 1, "stage": ["b"]}, "test_state": [{}, {"stage": ["c"], "level": 3}]}
    solver = line(text, test_iter=[1, 1], test_interval=1, **states)
    assert layers(solver.net) == ["a", "b", "ab"]
    assert [layers(net) for net in solver.test_nets] == [["two", "a"], ["two", "a"]]


def test_the_phase_of_a_net_in_a_file(tmp_path):
    (tmp_path / "net.prototxt").write_text("state { phase: TEST } " + LINE)
    assert line(net="", train_net=str(tmp_path / "net.prototxt")).net.phase == "TEST"


def test_nets_written_in_the_solver_are_upgraded():
    """Caffe forgets to: its own lenet_consolidated_solver.prototxt does not train there."""
    old = """
    net_param {
      layers { name: "data" type: DUMMY_DATA top: "x" dummy_data_param { num: 1 channels: 1 height: 1 width: 1
        data_filler { type: "constant" value: 2 } } }
      layers { name: "ip" type: INNER_PRODUCT bottom: "x" top: "y" blobs_lr: 0.5 weight_decay: 0
        inner_product_param { num_output: 1 bias_term: false weight_filler { type: "constant" value: 1 } } }
      layers { name: "loss" type: EUCLIDEAN_LOSS bottom: "y" bottom: "x" } }
    test_net_param { layers { name: "data" type: DUMMY_DATA top: "x" dummy_data_param { num: 1 channels: 1 height: 1
      width: 1 } } }
    test_iter: 1 test_iter: 1 test_interval: 1 base_lr: 0.5 lr_policy: "fixed" solver_type: NESTEROV
    """
    solver = Solver(old, weight_decay=0.5)
    assert all(net.layer and not net.layers for net in (solver.spec.net_param, *solver.spec.test_net_param))
    assert [layer.type for layer in solver.net.layers if layer.type != "Split"] == [
        *("DummyData", "InnerProduct", "EuclideanLoss")
    ]
    assert [net.layers[0].type for net in solver.test_nets] == ["DummyData", "DummyData"]
    assert [(param.lr_mult, param.decay_mult) for param in solver.net.learnable] == [(0.5, 0)]
    assert solver.spec.type == "Nesterov"
    solver.step(1)
    assert weight(solver) == 1  # y is x: nothing to learn


# ---- log lines ----


def test_log_lines(caplog):
    caplog.set_level(logging.INFO, logger="cafe_edu")
    line(
        display=2, max_iter=2, test_iter=[2], test_interval=2, test_compute_loss=True, snapshot_after_train=False
    ).solve()
    speed = r"\([\d.e+-]+ iter/s, [\d.e+-]+s/2 iters\)"
    patterns = [
        r"Solving line",
        r"Learning Rate Policy: fixed",
        r"Iteration 0, Testing net \(#0\)",
        r"Test loss: 1\.5",
        r"    Test net output #0: y = 1\.5 \(\* 1 = 1\.5 loss\)",
        rf"Iteration 0 {speed}, loss = 1",
        r"    Train net output #0: y = 1 \(\* 1 = 1 loss\)",
        r"Iteration 0, lr = 0\.5",
        r"Iteration 2, loss = -1\.5",  # w is 1 - 0.5 - 1, and the third number is 3
        r"Iteration 2, Testing net \(#0\)",
        r"Test loss: -1\.75",  # numbers 3 and 4
        r"    Test net output #0: y = -1\.75 \(\* 1 = -1\.75 loss\)",
        r"Optimization Done\.",
    ]
    assert len(caplog.messages) == len(patterns)
    for message, pattern in zip(caplog.messages, patterns, strict=True):
        assert re.fullmatch(pattern, message)


def test_clipping_is_logged_in_caffes_words(caplog):
    caplog.set_level(logging.INFO, logger="cafe_edu")
    line(clip_gradients=0.5).step(1)
    assert caplog.messages == ["Gradient clipping: scaling down gradients (L2 norm 1 > 0.5) by scale factor 0.5"]


def test_the_order_of_the_lines_of_an_iteration(caplog):
    """The rate is said after the loss and before the step, which may be clipped."""
    caplog.set_level(logging.INFO, logger="cafe_edu")
    line(clip_gradients=0.5, display=1).step(1)
    assert [re.sub(r" \(.*|,.*", "", message).strip() for message in caplog.messages] == [
        *("Iteration 0", "Train net output #0: y = 1", "Iteration 0", "Gradient clipping: scaling down gradients")
    ]


class Stops(Layer):
    """Asks its solver to stop at a given forward."""

    solver, num_top, at, count = None, 0, 0, 0

    def top_shapes(self, bottom_shapes):
        return []

    def forward(self, bottom, top):
        self.count += 1
        if self.count == self.at:
            self.solver.stopping = True


class Counted(Numbers):
    """Numbers that can say where they are."""

    def state(self):
        return {"count": self.count}

    def restore(self, state):
        self.count = state["count"]


@pytest.mark.parametrize("exact", [False, True])
def test_stopping_in_a_test(exact, caplog, tmp_path):
    """It ends the test at once, as in Caffe; with exact_resume the test and the iteration are finished first."""
    caplog.set_level(logging.INFO, logger="cafe_edu")
    text = LINE + 'layer { name: "stop" type: "Stops" bottom: "x" include { phase: TEST } }'
    fields = {"test_iter": [4], "test_interval": 2, "snapshot_prefix": str(tmp_path / "x"), "exact_resume": exact}
    solver = line(text, layers={"Stops": Stops, "Numbers": Counted}, **fields)
    stop = solver.test_nets[0].layers[-1]
    stop.solver, stop.at = solver, 6  # in the test of iteration 2
    solver.solve()
    assert stop.count == (8 if exact else 6)
    assert solver.iter == (3 if exact else 2)
    assert ("Test interrupted." in caplog.messages) is not exact
    assert [entry["iter"] for entry in solver.test_record] == ([0, 2] if exact else [0])
    assert caplog.messages[-1] == "Optimization stopped early."
    assert read_state(tmp_path / f"x_iter_{solver.iter}.solverstate").iter == solver.iter
    assert len(solver.test()) == 1  # a test that is asked for later is run


def test_stopping(caplog, tmp_path, monkeypatch):
    """After the iteration under way; with a snapshot, without a last test."""

    class StopsAtThree(Layer):
        solver, num_top = None, 0

        def top_shapes(self, bottom_shapes):
            return []

        def forward(self, bottom, top):
            self.solver.stopping = bottom[0].data == 3

    caplog.set_level(logging.INFO, logger="cafe_edu")
    monkeypatch.chdir(tmp_path)
    text = LINE.replace('top: "x"', 'top: "x"', 1) + 'layer { name: "stop" type: "Stops" bottom: "x" }'
    solver = line(text, layers={"Stops": StopsAtThree})
    solver.net.layers[-1].solver = solver
    solver.solve()
    assert solver.iter == 3
    assert caplog.messages[-1] == "Optimization stopped early."
    assert read_state("solver_iter_3.solverstate").iter == 3
    solver.step(2)  # and on it goes
    assert solver.iter == 5


# ---- weights to start from ----


def test_weights_to_start_from(folder):
    trained(snapshot=5)
    first = Net("chance.prototxt", "TRAIN", weights="chance_iter_5.caffemodel")
    for changes in (
        {"weights": "chance_iter_5.caffemodel"},
        {"weights": ["chance_iter_20.caffemodel, chance_iter_5.caffemodel"]},
    ):
        solver = Solver("chance_solver.prototxt", **changes)
        np.testing.assert_array_equal(solver.net.params["ip1"][0].data, first.params["ip1"][0].data)
        assert solver.iter == 0
    with pytest.raises(DataError, match="no such file: none"):
        Solver("chance_solver.prototxt", weights="none.caffemodel")


def test_weights_in_the_solver_file(folder):
    """Several lines, several names in one; the later wins where both have a layer. Test nets are filled as well."""
    text = CHANCE.replace("ip1", "other")
    (folder / "other.prototxt").write_text(text)
    for name, net, seed in (("a", "chance", 1), ("b", "chance", 2), ("c", "other", 3)):
        Net(f"{net}.prototxt", "TRAIN", rng=seed).save(f"{name}.caffemodel")
    expected = Net("chance.prototxt", "TRAIN", weights="b.caffemodel")
    expected.load("c.caffemodel")
    for lines in ('weights: "a.caffemodel,b.caffemodel" weights: "c.caffemodel"',
                  'weights: "a.caffemodel" weights: "b.caffemodel, c.caffemodel"'):  # fmt: skip
        (folder / "with_weights.prototxt").write_text(CHANCE_SOLVER + lines)
        solver = Solver("with_weights.prototxt")
        for name, blobs in expected.params.items():
            np.testing.assert_array_equal(solver.net.params[name][0].data, blobs[0].data)


def test_weights_of_a_layer_that_only_the_test_net_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = LINE + LINE.split("\n", 3)[3].replace('"ip"', '"jp"').replace('"y"', '"z" include { phase: TEST }')
    net = Net(text, "TEST", layers={"Numbers": Numbers})
    net.params["jp"][0].data[...] = 5
    net.save("jp.caffemodel")
    solver = line(text, test_iter=[1], test_interval=1, weights=["jp.caffemodel"])
    assert solver.test()[0]["z"].item() == 5


# ---- states of other days and other programs ----

OLD = {
    "lenet_v1_2014": ("lenet", 10000, (1, 28, 28)),
    "cifar10_quick_v1_2014": ("cifar10_quick", 4000, (3, 32, 32)),
}


@pytest.mark.parametrize("name", OLD)
def test_a_training_of_2014_goes_on(name, data_folder):
    """Its net and solver are of that year, its state's arrays have four axes each, its model lies beside it."""
    stem, iter, shape = OLD[name]
    net = upgrade_net(read_net(data_folder / name / f"{stem}_train_test.prototxt"))
    for data in net.layer:
        if data.type == "Data":  # the images of that day are not here
            data.type = "DummyData"
            data.dummy_data_param.shape.add(dim=(4, *shape))
            data.dummy_data_param.shape.add(dim=(4,))
    spec = read_solver(data_folder / name / f"{stem}_solver.prototxt")
    spec.ClearField("net")
    solver = Solver(spec, net_param=net, solver_mode="CPU", test_iter=[1])
    path = data_folder / name / f"{stem}_iter_{iter}.solverstate"
    solver.restore(path)
    assert solver.iter == iter
    message = caffe_pb2.SolverState.FromString(path.read_bytes())
    history = [np.float32(blob.data) for blob in message.history]
    assert len(history) == len(solver.net.learnable)
    for mine, stored in zip(solver.history[0], history, strict=True):
        assert stored.any()
        np.testing.assert_array_equal(mine.ravel(), stored)
    weights = read_weights(data_folder / name / f"{stem}_iter_{iter}.caffemodel")
    for layer_name, blobs in solver.net.params.items():
        for blob, stored in zip(blobs, weights[layer_name], strict=True):
            np.testing.assert_array_equal(blob.data.ravel(), stored.ravel())
    before = solver.net.learnable[0].blob.data.copy()
    solver.step(1)
    rate, decay = solver.train_record[-1]["lr"], spec.weight_decay
    assert rate == pytest.approx(0.01 * 2**-0.75 if stem == "lenet" else 0.001, rel=1e-6)
    # h = 0.9 h + rate (g + decay w): the stored history and weights are in this step
    (h,), w = solver.history, solver.net.learnable[0].blob
    pull = 0.9 * history[0].reshape(w.shape) + rate * decay * before
    gradient = (h[0] - pull) / rate
    np.testing.assert_allclose(w.data, before - h[0], rtol=1e-5, atol=1e-7)
    assert np.isfinite(gradient).all()


# ---- how a solver is given, and what is wrong with it ----


def test_a_solver_from_path_text_or_message(folder, tmp_path_factory, monkeypatch):
    text = f"net: '{(folder / 'chance.prototxt').as_posix()}' base_lr: 0.1 lr_policy: 'fixed' max_iter: 3"
    message = parse_solver(text)
    solvers = [Solver(text), Solver(text.replace(" ", "\n")), Solver(message), Solver(message, max_iter=4)]
    assert [solver.spec.max_iter for solver in solvers] == [3, 3, 3, 4]
    assert message.max_iter == 3
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert Solver(folder / "chance_solver.prototxt").net.name == "chance"  # the net is found beside the solver


def test_changes_win_over_the_file(folder):
    solver = Solver(
        "chance_solver.prototxt", max_iter=3, test_iter=1, stepvalue=[1, 2], solver_mode="CPU", train_state={"level": 2}
    )
    assert (solver.spec.max_iter, list(solver.spec.test_iter), list(solver.spec.stepvalue)) == (3, [1], [1, 2])
    assert solver.spec.solver_mode == caffe_pb2.SolverParameter.CPU
    assert solver.spec.train_state.level == 2
    assert solver.spec.base_lr == pytest.approx(0.1)


def refused(error, *arguments, **keywords):
    with pytest.raises(error) as caught:
        line(*arguments, **keywords) if not arguments else Solver(*arguments, **keywords)
    return caught.value.one_line()


def test_wrong_changes(folder):
    file = "chance_solver.prototxt"
    text = refused(SpecError, file, max_itre=3)
    assert text == f"a solver has no field 'max_itre'; did you mean 'max_iter'?; in {file}"
    assert refused(SpecError, file, max_iter="ten").startswith("max_iter='ten' does not fit the solver: ")
    assert refused(SpecError, file, solver_mode="TPU").startswith("solver_mode='TPU' does not fit the solver: ")


def test_wrong_fields():
    known = ", ".join(sorted(RULES))
    assert refused(SpecError, type="Sgd") == f"unknown solver type 'Sgd'; there are {known}"
    assert refused(SpecError, iter_size=0) == "expected `iter_size` and `average_loss` of 1 or more"
    assert refused(SpecError, average_loss=0) == "expected `iter_size` and `average_loss` of 1 or more"
    assert refused(SpecError, regularization_type="L3") == "expected `regularization_type` L2 or L1, found 'L3'"
    assert refused(SpecError, lr_policy="no").startswith("expected an `lr_policy` among cosine, exp, ")
    assert refused(SpecError, type="AdaGrad", momentum=0.9).startswith("AdaGrad uses no momentum: ")
    assert refused(SpecError, type="RMSProp", momentum=0.9).startswith("RMSProp uses no momentum: ")


def test_wrong_numbers_of_test_nets():
    net = parse_net(LINE)
    text = refused(SpecError, test_net_param=[net, net], test_iter=[1], test_interval=1)
    assert text == "expected one `test_iter` for each of 2 test nets, found 1"
    text = refused(SpecError, test_iter=[1])
    assert text == "there is a test net: `test_interval` must be 1 or more"
    text = refused(SpecError, test_iter=[1], test_interval=1, test_state=[{}, {}])
    assert text == "expected no `test_state` or one for each of 1 test nets"
    text = refused(SpecError, train_net_param=net, test_iter=[1], test_interval=1)
    assert text == "expected one `test_iter` for each of 0 test nets, found 1"


def test_no_net_and_two_nets(folder):
    (folder / "none.prototxt").write_text("base_lr: 0.1")
    names = "expected one of `net`, `net_param`, `train_net`, `train_net_param` in the solver, found"
    assert refused(SpecError, folder / "none.prototxt") == f"{names} none; in {folder / 'none.prototxt'}"
    assert refused(SpecError, 'net: "a" train_net: "b"') == f"{names} net and train_net"


def test_an_error_in_the_net_names_layer_net_and_solver(folder):
    (folder / "chance.prototxt").write_text(CHANCE.replace('type: "ReLU"', 'type: "Relu"'))
    assert refused(NetError, "chance_solver.prototxt") == (
        "unknown layer type 'Relu'; did you mean 'ReLU'?; in layer 'relu'; in chance.prototxt, line 9; "
        "in chance_solver.prototxt"
    )


def test_a_gpu_that_is_not_there(caplog, monkeypatch):
    monkeypatch.setattr("cafe_edu.solver.cupy", lambda: None)
    caplog.set_level(logging.INFO, logger="cafe_edu")
    line(solver_mode="GPU").step(1)
    assert caplog.messages == ["solver_mode is GPU, and no GPU answers: training on the CPU"]


def test_a_progress_bar(folder, capsys):
    Solver("chance_solver.prototxt", test_interval=10).solve(progress=True)
    shown = capsys.readouterr().err
    assert all(word in shown for word in ("chance", "20/20", "loss=", "test accuracy=", "images/s="))


def test_repr(folder):
    assert repr(Solver("chance_solver.prototxt")) == "Solver 'SGD' of 'chance' at iteration 0 of 20"


def test_a_training_without_snapshots_needs_no_place_for_them(tmp_path):
    (tmp_path / "file").write_text("")
    solver = line(snapshot_prefix=f"{tmp_path}/file/x", snapshot_after_train=False)
    solver.solve()
    assert solver.iter == solver.spec.max_iter
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("spec", [None, 3])
def test_what_is_no_solver(spec):
    says = f"expected a path, prototxt text or a SolverParameter, found a {type(spec).__name__}"
    with pytest.raises(SpecError, match=says):
        Solver(spec)


def test_a_twin_is_made_the_same_and_learns_apart():
    original = line(momentum=0.5)
    original.step(2)
    twin = original.twin()
    assert (twin.iter, twin.train_record, twin.losses) == (0, [], type(twin.losses)([], maxlen=1))
    assert twin.net.params["ip"][0].data.item() == 1
    twin.step(2)
    assert twin.net.params["ip"][0].data.item() == original.net.params["ip"][0].data.item()
    before = original.net.params["ip"][0].data.copy()
    twin.step(1)
    np.testing.assert_array_equal(original.net.params["ip"][0].data, before)
    assert original.iter == 2


def test_a_twin_with_changes_leaves_the_original_as_it_is():
    original = line()
    twin = original.twin(base_lr=2.0, type="Adam", momentum=0.9)
    assert (original.spec.base_lr, original.spec.type, len(original.history)) == (0.5, "SGD", 1)
    assert (twin.spec.base_lr, twin.spec.type, len(twin.history)) == (2.0, "Adam", 2)
    with pytest.raises(SpecError, match="a solver has no field 'lr'"):
        original.twin(lr=1)


def test_a_twin_loads_the_same_weights(tmp_path):
    teacher = line()
    teacher.net.params["ip"][0].data[...] = 7
    teacher.net.save(tmp_path / "w.caffemodel")
    solver = line(weights=[str(tmp_path / "w.caffemodel")])
    solver.step(1)
    assert solver.twin().net.params["ip"][0].data.item() == 7
