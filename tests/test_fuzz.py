"""Damaged files of every kind: each ends in an error of ours, soon, within bounded memory, and never in a crash.

Whole files are written, then bits flipped, pieces cut out, doubled, swapped or overwritten with numbers that are
far too large, and the result is read. All this happens in processes of their own, with little memory and an alarm.
"""

import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import traceback
import tracemalloc

import h5py
import numpy as np
import pytest

import cafe_edu
from cafe_edu import Net, Solver, caffemodel
from cafe_edu.errors import CafeError, SpecError, WeightsError
from cafe_edu.legacy import upgrade_net, upgrade_solver
from cafe_edu.prototxt import parse_net, parse_solver
from cafe_edu.rules import filter_layers
from cafe_edu.splits import insert_splits

NET = """
name: "small"
layer { name: "x" type: "DummyData" top: "x" include { phase: TRAIN }
  dummy_data_param { shape { dim: 2 dim: 1 dim: 6 dim: 6 } data_filler { type: "gaussian" std: 0.5 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "c" param { name: "w" lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 3 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "c" top: "c" relu_param { negative_slope: 1e-2 } }  # in place
layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "p" top: "y" loss_weight: 0.5 inner_product_param { num_output: 4 } }
"""
OLD = """
name: 'old' input: "x" input_dim: 1 input_dim: 1 input_dim: 6 input_dim: 6
layers { bottom: "x" top: "p" layer { name: "pad" type: "padding" pad: 1 } }
layers { bottom: "p" top: "c"
  layer { name: "conv" type: "conv" num_output: 3 kernelsize: 3 blobs_lr: 1. biasterm: false } }
layers { bottom: "c" top: "y" layer { name: "ip" type: "innerproduct" num_output: 4 } }
"""
SOLVER = """
net: "net.prototxt"  # and the rest
base_lr: 0.01 momentum: 0.9 type: "Adam" lr_policy: "multistep" gamma: 0.5 stepvalue: [3, 5] max_iter: 2
snapshot_prefix: "small" random_seed: 3 exact_resume: true weight_decay: 5e-4 snapshot_format: BINARYPROTO
"""
FILES = ["net", "old", "solver", ".caffemodel", ".caffemodel.h5", ".solverstate", ".solverstate.h5", ".resume"]
HUGE = [b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01", b"\xff" * 8, b"\x7f" * 8, b"\0" * 8, b"9" * 20, b"{" * 50]


def damaged(data, rng):
    """Return bytes with one or more things done to them."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        if len(data) < 2:
            break
        a, b = (rng.randrange(len(data)) for _ in range(2))
        if rng.random() < 0.5:  # the beginning says how the rest is to be read
            a = rng.randrange(min(len(data), 1000))
        size = rng.choice([1, 2, 4, 8, 50])
        match rng.choice(["flip", "byte", "cut", "end", "double", "swap", "huge"]):
            case "flip":
                data[a] ^= 1 << rng.randrange(8)
            case "byte":
                data[a] = rng.randrange(256)
            case "cut":
                del data[a : a + size]
            case "end":
                del data[a:]
            case "double":
                data[b:b] = data[a : a + 10 * size]
            case "swap":
                data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]
            case "huge":
                piece = rng.choice(HUGE)
                data[a : a + len(piece)] = piece
    return bytes(data)


def read(kind, path, solver):
    """Read a file as those who use it do."""
    if kind in ("net", "old"):
        net = upgrade_net(parse_net(path.read_text(errors="replace"), str(path)))
        insert_splits(filter_layers(net, "TRAIN"))
    elif kind == "solver":
        upgrade_solver(parse_solver(path.read_text(errors="replace"), str(path)))
    elif "caffemodel" in kind:
        solver.net.load(path)
        if not kind.endswith("h5"):
            upgrade_net(caffemodel.read_model_spec(path))
    else:
        solver.restore(path)


def work(kind, count):
    """Try ``count`` damaged files of a kind in the current folder; print what became of them."""
    import resource

    solver = Solver("solver.prototxt", exact_resume=kind == ".resume")
    path = pathlib.Path(f"damaged{kind}")
    whole = pathlib.Path({"net": "net.prototxt", "old": "old.prototxt", "solver": "solver.prototxt"}.get(
        kind, f"small_iter_2{kind}")).read_bytes()  # fmt: skip
    path.write_bytes(whole)
    if kind == ".resume":  # the state and the model beside it are whole
        state = caffemodel.read_state("small_iter_2.solverstate")
        caffemodel.write_state("damaged.solverstate", state)
    wanted = pathlib.Path("damaged.solverstate") if kind == ".resume" else path
    read(kind, wanted, solver)  # undamaged
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    rng, found, slowest, longest = random.Random(kind), collections.Counter(), 0.0, 0
    for _ in range(count):
        path.write_bytes(damaged(whole, rng))
        signal.alarm(30)
        since = time.perf_counter()
        try:
            read(kind, wanted, solver)
            found["read"] += 1
        except CafeError as error:
            longest = max(longest, len(str(error)))
            found["refused"] += 1
        slowest = max(slowest, time.perf_counter() - since)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) / 1024
    print(dict(found), f"slowest {slowest:.2f} s, {grown:.0f} MiB more")
    assert grown < 300
    assert longest < 2000
    assert found["refused"] > count / 5
    assert found["read"]  # some damage cannot be seen, so the harness does read what it is given


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small net, trained for two iterations, in every kind of file."""
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, text in {"net": NET, "old": OLD, "solver": SOLVER}.items():
            pathlib.Path(f"{name}.prototxt").write_text(text)
        for format in ("HDF5", "BINARYPROTO"):
            Solver("solver.prototxt", snapshot_format=format).solve()
    return folder


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="memory is limited with Unix's setrlimit")
@pytest.mark.parametrize("kind", FILES)
def test_damaged_files(kind, folder):
    home = os.environ | {"PYTHONPATH": str(pathlib.Path(cafe_edu.__file__).parents[1])}
    command = [sys.executable, __file__, kind, "1000"]
    done = subprocess.run(command, cwd=folder, env=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- what chance would hardly find ----

HOSTILE = {
    "layers in layers": "layer { " * 100_000,
    "angles": "layer < " * 100_000,
    "brackets": "layer: " + "[" * 100_000,
    "braces": "{" * 100_000,
    "unknown in unknown": "foo { " * 100_000,
    "a long word": "a" * 1_000_000,
    "a long text": 'name: "' + "a" * 1_000_000,
    "a long number": "layer { convolution_param { num_output: " + "9" * 1_000_000 + " } }",
    "a long hexadecimal": "layer { convolution_param { num_output: 0x" + "f" * 1_000_000 + " } }",
    "signs": "layer { loss_weight: " + "-" * 100_000 + "1 }",
    "a message of any type": "[type.googleapis.com/cafe_edu.NetParameter] { }",
    "half a character": 'name: "\\ud800"',
    "no character": 'name: "\\Uffffffff"',
    "quotes": '"' * 1_000_001,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("parse", [parse_net, parse_solver])
def test_hostile_prototxt(parse, text):
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert len(str(caught.value)) < 600


def test_a_missing_brace_is_what_it_says():
    with pytest.raises(SpecError, match="has no field 'layer'; it belongs in the net, so a } may be missing"):
        parse_net('layer { name: "a" type: "ReLU" bottom: "x" top: "y"\nlayer { name: "b" type: "ReLU" }')


def hostile_hdf5(name, file):
    """Write an HDF5 file that is well-formed and means harm."""
    if name == "a number of parameters":
        file["data/conv/20000000"] = np.zeros(1, np.float32)
    elif name == "a negative number":
        file["data/conv/-1"] = file["data/conv/ 1"] = file["data/conv/0"] = np.zeros(1, np.float32)
    elif name == "numbers that are not there":
        file.create_dataset("data/conv/0", (1 << 26,), "f4")
    elif name == "chunks that are not there":
        file.create_dataset("data/conv/0", (1 << 26,), "f4", chunks=(1 << 20,), compression="gzip")
    elif name == "too many axes":
        file.create_dataset("data/conv/0", (1 << 15,) * 4, "f4")
    elif name == "deep groups":
        group = file.create_group("data")
        for _ in range(300):
            group = group.create_group("g")
        group["0"] = np.zeros(1, np.float32)
    elif name == "a group in itself":
        file["data/conv/0"] = "text"
        file["data/conv/conv"] = file["data"]
    elif name == "numbers of every length":
        file.create_dataset("data/conv/0", (2,), h5py.vlen_dtype(np.float32))[0] = [1, 2]
    elif name == "records":
        file["data/conv/0"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


@pytest.mark.parametrize("name", [
    "a number of parameters", "a negative number", "numbers that are not there", "chunks that are not there",
    "too many axes", "deep groups", "a group in itself", "numbers of every length", "records",
])  # fmt: skip
def test_hostile_models(name, tmp_path):
    with h5py.File(tmp_path / "m.caffemodel.h5", "w") as file:
        hostile_hdf5(name, file)
    tracemalloc.start()
    with pytest.raises(WeightsError) as caught:
        caffemodel.read_weights(tmp_path / "m.caffemodel.h5")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6  # nothing was made room for that is not there
    assert str(caught.value).startswith(str(tmp_path / "m.caffemodel.h5"))


def test_compressed_models_are_read(tmp_path):
    """Numbers packed as tightly as they can be are no attack."""
    with h5py.File(tmp_path / "m.caffemodel.h5", "w") as file:
        file.create_dataset("data/conv/0", data=np.zeros((1000, 1000), np.float32), compression="gzip")
    assert caffemodel.read_weights(tmp_path / "m.caffemodel.h5")["conv"][0].shape == (1000, 1000)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("iter", np.array([-3])),
        ("current_step", np.array([-1])),
        ("iter", np.array([np.nan])),
        ("iter", np.array([np.inf])),
        ("iter", np.zeros(0)),
        ("learned_net", np.array(b"\xff\xfe")),
        ("learned_net", np.array([1.0])),
        ("history", np.zeros(3)),
        ("history/0", np.array(b"text")),
    ],
)
def test_hostile_states(entry, value, tmp_path):
    whole = {
        "iter": np.array([3]),
        "current_step": np.array([0]),
        "learned_net": np.array(b"m"),
        "history/0": np.ones(3),
    }
    with h5py.File(tmp_path / "m.solverstate.h5", "w") as file:
        for name, stored in {**whole, entry: value}.items():
            if not name.startswith(f"{entry}/"):
                file[name] = stored
    with pytest.raises(WeightsError) as caught:
        caffemodel.read_state(tmp_path / "m.solverstate.h5")
    assert str(caught.value).startswith(str(tmp_path / "m.solverstate.h5"))


def test_a_binary_state_of_a_negative_iteration(tmp_path):
    path = tmp_path / "m.solverstate"
    caffemodel.write_state(path, caffemodel.State(-1, "m", []))
    with pytest.raises(WeightsError) as caught:
        caffemodel.read_state(path)
    assert str(caught.value) == f"{path}: expected iter and current_step of 0 or more, found -1 and 0"


@pytest.mark.parametrize("name", ["\0", "x" * 5000, "", "../" * 1000 + "m", "."])
def test_a_state_that_names_what_cannot_be(name, folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    solver = Solver("solver.prototxt", exact_resume=False)
    state = caffemodel.read_state("small_iter_2.solverstate")
    state.learned_net = name
    caffemodel.write_state(tmp_path / "m.solverstate", state)
    if name == "":  # a state without weights is one
        solver.restore(tmp_path / "m.solverstate")
        return
    with pytest.raises(WeightsError):
        solver.restore(tmp_path / "m.solverstate")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps a process to a size here")
def test_a_net_too_large_for_the_memory():
    import resource

    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    text = NET.replace("num_output: 4 }", "num_output: 20000 weight_filler { type: 'constant' } }")
    text = text.replace("dim: 6 dim: 6", "dim: 300 dim: 300")  # weights of 5 GiB, and 1 GiB left
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**30, before[1]))
    try:
        with pytest.raises(CafeError) as caught:
            Net(text, "TRAIN")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    text = caught.value.one_line()
    assert text.startswith("there is not enough memory for this net: unable to allocate ")
    assert "; in layer 'ip' (InnerProduct), set up, reading p (2, 3, 150, 150)" in text


if __name__ == "__main__":
    try:
        work(sys.argv[1], int(sys.argv[2]))
    except BaseException:
        traceback.print_exc()
        sys.exit(1)
