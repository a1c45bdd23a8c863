"""exact_resume.py: a training that was stopped and resumed is the training that was never stopped, bit for bit."""

import json
import logging
import shutil

import h5py
import numpy as np
import pytest
from PIL import Image

from cafe_edu import Layer, Solver
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import DataError, NetError, WeightsError

# Chance everywhere: crops and mirrors of the items, dropout, dropped units of a test net too.
NET = """
name: "chance"
layer { name: "items" type: "Data" top: "x" top: "label" include { phase: TRAIN }
  transform_param { scale: 0.00390625 mirror: true crop_size: 3 }
  data_param { source: "items_lmdb" batch_size: 8 backend: LMDB rand_skip: 5 } }
layer { name: "items" type: "Data" top: "x" top: "label" include { phase: TEST }
  transform_param { scale: 0.00390625 mirror: true crop_size: 3 }
  data_param { source: "items_lmdb" batch_size: 7 backend: LMDB } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 4 kernel_size: 2 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "p" top: "h"
  inner_product_param { num_output: 16 weight_filler { type: "xavier" } } }
layer { name: "norm" type: "BatchNorm" bottom: "h" top: "n" }
layer { name: "drop" type: "Dropout" bottom: "n" top: "n" }
layer { name: "ip2" type: "InnerProduct" bottom: "n" top: "y"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "chance.prototxt"
test_iter: 2 test_interval: 4
base_lr: 0.1 momentum: 0.9 weight_decay: 0.01 lr_policy: "multistep" gamma: 0.5 stepvalue: 4 stepvalue: 9
warmup_iter: 6 clip_gradients: 1 iter_size: 2 average_loss: 3
max_iter: 15 snapshot: 5 snapshot_prefix: "chance" random_seed: 7 exact_resume: true
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    write_lmdb(tmp_path / "items_lmdb", [(rng.integers(256, size=(1, 4, 4), dtype=np.uint8), i % 3) for i in range(30)])
    (tmp_path / "chance.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything(solver):
    arrays = [blob.data for blobs in solver.net.params.values() for blob in blobs]
    return [array.tobytes() for array in [*arrays, *(h for arrays in solver.history for h in arrays)]]


def solved(resume=None, solver="solver.prototxt", layers=None, **changes):
    solver = Solver(solver, layers=layers, **changes)
    solver.solve(resume)
    return solver


@pytest.mark.parametrize("iter", [5, 10])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"random_seed": 99},
        {"random_seed": -1},  # the clock's
        {"type": "AdamW", "momentum2": 0.99},
        {"snapshot_format": "HDF5"},
    ],
    ids=str,
)
def test_resumed_is_uninterrupted(iter, changes, folder):
    seedless = {name: value for name, value in changes.items() if name != "random_seed"}
    whole = solved(**seedless)
    ending = ".h5" if "snapshot_format" in changes else ""
    resumed = solved(f"chance_iter_{iter}.solverstate{ending}", **changes)
    assert everything(resumed) == everything(whole)
    assert resumed.train_record == whole.train_record[iter:]
    assert resumed.test_record == [entry for entry in whole.test_record if entry["iter"] >= iter]


def test_without_it_the_run_is_another(folder):
    whole = solved()
    assert everything(solved("chance_iter_5.solverstate", exact_resume=False)) != everything(whole)


@pytest.mark.parametrize("layer", ["items", "drop", "pool"])
def test_each_kind_of_chance_matters(layer, folder):
    """With that layer's chance alone, a resumed run that begins anew is another: so the test above sees each."""
    text = NET
    if layer != "items":
        text = text.replace("mirror: true crop_size: 3", "").replace("rand_skip: 5", "")
        text = text.replace("batch_size: 8", "batch_size: 5")  # 2 batches an iteration: all 30 items in 3 iterations
    if layer != "drop":
        text = text.replace('type: "Dropout"', 'type: "ReLU"')
    if layer != "pool":
        text = text.replace("pool: STOCHASTIC", "pool: MAX")
    (folder / "chance.prototxt").write_text(text)
    whole = solved(snapshot=3, max_iter=6)
    assert everything(solved("chance_iter_3.solverstate", snapshot=3, max_iter=6)) == everything(whole)
    other = solved("chance_iter_3.solverstate", snapshot=3, max_iter=6, exact_resume=False)
    assert everything(other) != everything(whole)


def test_a_resumed_run_can_be_resumed(folder):
    whole = solved()
    for path in folder.glob("chance_iter_1*"):
        path.unlink()
    solved("chance_iter_5.solverstate", max_iter=10)
    assert everything(solved("chance_iter_10.solverstate")) == everything(whole)


def test_snapshots_of_a_resumed_run_are_the_same_bytes(folder):
    solved()
    before = {path.name: path.read_bytes() for path in folder.glob("chance_iter_1*")}
    for name in before:
        (folder / name).unlink()
    solved("chance_iter_5.solverstate")
    assert {path.name: path.read_bytes() for path in folder.glob("chance_iter_1*")} == before
    assert "chance_iter_15.resume" in before


def test_a_recurrent_net_carries_its_state_over(folder):
    text = """
    layer { name: "x" type: "DummyData" top: "x" top: "cont" top: "label"
      dummy_data_param { shape { dim: 3 dim: 2 dim: 4 } shape { dim: 3 dim: 2 } shape { dim: 3 dim: 2 dim: 5 }
        data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } data_filler { type: "gaussian" } } }
    layer { name: "rec" type: "LSTM" bottom: "x" bottom: "cont" top: "h"
      recurrent_param { num_output: 5 weight_filler { type: "gaussian" } } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "h" bottom: "label" }
    """
    for kind in ("LSTM", "RNN"):
        (folder / "chance.prototxt").write_text(text.replace("LSTM", kind))
        changes = {"test_iter": [], "snapshot_prefix": kind, "clip_gradients": -1, "base_lr": 0.01}
        whole = solved(**changes)
        assert json.loads((folder / f"{kind}_iter_5.resume").read_text())["nets"][0]["rec"]["kept"]
        assert everything(solved(f"{kind}_iter_5.solverstate", **changes)) == everything(whole)


SOURCES = {
    "ImageData": """image_data_param { source: "images.txt" batch_size: 4 shuffle: true rand_skip: 3 is_color: false }
      transform_param { crop_size: 3 mirror: true scale: 0.004 }""",
    "HDF5Data": 'hdf5_data_param { source: "files.txt" batch_size: 4 shuffle: true }',
}


@pytest.mark.parametrize("kind", SOURCES)
def test_shuffled_sources(kind, folder):
    """Rounds of 11 items in batches of 4: every snapshot falls in the midst of an order that was drawn."""
    rng = np.random.default_rng(0)
    for i in range(11):
        Image.fromarray(rng.integers(256, size=(5, 5), dtype=np.uint8)).save(f"{i}.png")
    (folder / "images.txt").write_text("".join(f"{i}.png {i % 3}\n" for i in range(11)))
    for name, rows in (("a", 4), ("b", 7)):
        with h5py.File(f"{name}.h5", "w") as file:
            file["x"], file["label"] = rng.normal(size=(rows, 1, 3, 3)), np.arange(rows) % 3
    (folder / "files.txt").write_text("a.h5\nb.h5\n")
    head, *layers = NET.split("layer {")
    source = f' name: "items" type: "{kind}" top: "x" top: "label" {SOURCES[kind]} }}\n'
    (folder / "chance.prototxt").write_text("layer {".join([head, source, *layers[2:]]))
    changes = {"test_iter": [], "random_seed": -1}
    whole = solved(**changes)
    assert everything(solved("chance_iter_5.solverstate", **changes)) == everything(whole)
    assert everything(solved("chance_iter_5.solverstate", exact_resume=False, **changes)) != everything(whole)


# ---- layers of your own ----


class Shuffled(Layer):
    """Numbers in an order drawn anew for every round, from a generator of its own; it can tell where it stands."""

    num_bottom = 0

    def setup(self, bottom):
        self.rng = self.rng.spawn(1)[0]
        self.order = []

    def top_shapes(self, bottom_shapes):
        return [(2, 3)]

    def forward(self, bottom, top):
        if not self.order:
            self.order = self.rng.permutation(5)
        top[0].data[...] = 0.1 * self.order[0]
        self.order = self.order[1:].tolist() if hasattr(self.order, "tolist") else self.order[1:]

    def backward(self, top, propagate_down, bottom):
        pass

    def state(self):
        return {"order": np.asarray(self.order), "rng": self.rng.bit_generator.state}

    def restore(self, state):
        self.order = state["order"]
        self.rng.bit_generator.state = state["rng"]


class Noise(Layer):
    """Draws from a generator of its own and says nothing of it."""

    def setup(self, bottom):
        self.rng = np.random.Generator(np.random.MT19937(5))

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = bottom[0].data + self.rng.normal(size=bottom[0].shape)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff


OWN = """
layer { name: "x" type: "Shuffled" top: "x" }
layer { name: "noise" type: "Noise" bottom: "x" top: "n" }
layer { name: "ip" type: "InnerProduct" bottom: "n" top: "y" inner_product_param { num_output: 2
  weight_filler { type: "xavier" } } }
layer { name: "sum" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 reduction_param { operation: SUMSQ } }
"""


def test_layers_of_your_own(folder):
    (folder / "chance.prototxt").write_text(OWN)
    changes = {"layers": {"Shuffled": Shuffled, "Noise": Noise}, "test_iter": [], "iter_size": 1}
    whole = solved(**changes)
    assert everything(solved("chance_iter_5.solverstate", **changes)) == everything(whole)


def test_a_source_that_cannot_tell_is_refused(folder):
    class Mute(Shuffled):
        state = restore = None

    (folder / "chance.prototxt").write_text(OWN)
    with pytest.raises(NetError) as caught:
        Solver("solver.prototxt", layers={"Shuffled": Mute, "Noise": Noise}, test_iter=[])
    assert caught.value.one_line() == (
        "exact_resume: layer 'x' (Shuffled) cannot say where in its data it stands; expected a layer with the "
        "methods `state` and `restore`; in solver.prototxt"
    )
    Solver("solver.prototxt", layers={"Shuffled": Mute, "Noise": Noise}, test_iter=[], exact_resume=False)


# ---- what can be wrong ----


def refused(path="chance_iter_5.solverstate", **changes):
    solver = Solver("solver.prototxt", **changes)
    before = everything(solver)
    with pytest.raises(WeightsError) as caught:
        solver.restore(path)
    return str(caught.value), everything(solver) == before and solver.iter == 0


def test_no_such_file(folder):
    solved(exact_resume=False)
    assert refused() == (
        "chance_iter_5.resume is not there, which an exact resume needs: it is written with a snapshot if "
        "`exact_resume` is set",
        True,
    )


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe\xfd", '{"iter": 1'])
def test_a_damaged_file(text, folder):
    solved()
    (folder / "chance_iter_5.resume").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refused() == ("chance_iter_5.resume is damaged or is no .resume; fetch or write it again", True)


@pytest.mark.parametrize("text", ["[]", "{}", "3", '{"iter": 5, "model": ""}'])
def test_another_file(text, folder):
    solved()
    (folder / "chance_iter_5.resume").write_text(text)
    found = "chance_iter_5.resume: expected a .resume, with iter, model, losses, chance and nets"
    assert refused() == (found, True)


def test_a_file_of_another_run(folder):
    solved()
    shutil.copy("chance_iter_10.resume", "chance_iter_5.resume")
    text = "chance_iter_5.resume belongs to another run: it was written at iteration 10 beside other weights than"
    assert refused() == (f"{text} chance_iter_5.caffemodel of iteration 5", True)
    solved(exact_resume=False, random_seed=8)  # over the first one's snapshots
    text = "chance_iter_10.resume belongs to another run: it was written at iteration 10 beside other weights than"
    assert refused("chance_iter_10.solverstate") == (f"{text} chance_iter_10.caffemodel of iteration 10", True)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("losses", [None], "float"),
        ("losses", 3, "iterable"),
        ("chance", {}, ""),
        ("chance", {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0}, ""),
        ("nets", [{}], "expected states of 2 nets, found 1"),
        ("nets", [{}, {}], "the layers with a state are ['items'], not []"),
        ("nets", [{"items": {"key": "zz"}}, {"items": {"key": ""}}], "expected the state of a Data layer"),
        ("nets", [{"items": {}}, {"items": {}}], "key"),
        ("nets", [[], []], "the layers with a state are ['items'], not []"),
        ("nets", None, "NoneType"),
    ],
)
def test_a_file_that_does_not_fit(key, value, said, folder):
    solved()
    stood = json.loads((folder / "chance_iter_5.resume").read_text())
    (folder / "chance_iter_5.resume").write_text(json.dumps({**stood, key: value}))
    text, _ = refused()
    assert text.startswith("chance_iter_5.resume does not fit this solver and its nets: ")
    assert said in text


def test_data_that_are_no_longer_there(folder):
    """The record that comes next was in a database that is another now."""
    solved()
    shutil.rmtree("items_lmdb")
    write_lmdb("items_lmdb", [(np.zeros((1, 4, 4), np.uint8), 0)])
    text, _ = refused()
    assert text.startswith("chance_iter_5.resume does not fit this solver and its nets: items_lmdb: no record '000000")


def test_the_state_is_written_last(folder, caplog):
    """Whoever finds a .solverstate finds what it needs."""
    caplog.set_level(logging.INFO, logger="cafe_edu")
    solver = Solver("solver.prototxt", test_iter=[])
    solver.step(1)
    (folder / "chance_iter_1.solverstate").mkdir()  # so it cannot be written
    with pytest.raises(DataError, match=r"cannot write chance_iter_1\.solverstate: .* found a folder"):
        solver.snapshot()
    assert (folder / "chance_iter_1.caffemodel").is_file()
    assert (folder / "chance_iter_1.resume").is_file()
