"""Bad input: one clear line each. What was expected, what was found, where, and what to do.

Each case is tried in Python, where the kind of error and its one line are looked at; many also with the
`cafe` command, which must end with status 1 and that line alone.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import cafe_edu
from cafe_edu import Net, Solver
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.errors import CafeError, DataError, NetError, SpecError, WeightsError

NET = """
name: "small"
layer {
  name: "items" type: "Data" top: "x" top: "label"
  data_param { source: "items_lmdb" batch_size: 4 backend: LMDB }
}
layer {
  name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } }
}
layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""
SOLVER = """net: "net.prototxt"
base_lr: 0.1
lr_policy: "fixed"
max_iter: 2
"""


def edit(name, old, new):
    text = pathlib.Path(name).read_text()
    assert text.count(old) == 1
    pathlib.Path(name).write_text(text.replace(old, new))


def no_solver():
    pathlib.Path("solver.prototxt").unlink()


def no_net():
    pathlib.Path("net.prototxt").unlink()


def no_weights():
    pathlib.Path("ip.caffemodel").unlink()


def truncated():
    path = pathlib.Path("ip.caffemodel")
    path.write_bytes(path.read_bytes()[:150])


def empty():
    pathlib.Path("ip.caffemodel").write_bytes(b"")


def wrong_shape():
    edit("net.prototxt", "num_output: 3", "num_output: 5")


def unknown_type():
    edit("net.prototxt", '"InnerProduct"', '"InerProduct"')


def unknown_field():
    edit("net.prototxt", "num_output: 3", "num_outputs: 3")


def unknown_solver_field():
    edit("solver.prototxt", "max_iter", "maxiter")


def wrong_value():
    edit("net.prototxt", "num_output: 3", "num_output: three")


def missing_option():
    edit("net.prototxt", "num_output: 3", "")


def no_maker():
    edit("net.prototxt", 'bottom: "x"', 'bottom: "xs"')


def label_out_of_range():
    write_lmdb("more_lmdb", [(np.zeros((1, 2, 2), np.uint8), label) for label in (0, 1, 2, 3)])
    edit("net.prototxt", "items_lmdb", "more_lmdb")


def no_lmdb():
    edit("net.prototxt", "items_lmdb", "itemz_lmdb")


def not_an_lmdb():
    pathlib.Path("items_lmdb/data.mdb").write_bytes(b"these are no records" * 1000)


def a_folder_without_one():
    pathlib.Path("items_lmdb/data.mdb").unlink()


CASES = {
    no_solver: (SpecError, "solver.prototxt: no such file; expected a prototxt"),
    no_net: (
        DataError,
        "no such file: net.prototxt (looked for {here}/net.prototxt); in solver.prototxt",
    ),
    no_weights: (
        DataError,
        "no such file: ip.caffemodel (looked for {here}/ip.caffemodel)",
    ),
    truncated: (
        WeightsError,
        "ip.caffemodel is damaged or cut short after 150 bytes; fetch or write it again",
    ),
    empty: (WeightsError, "ip.caffemodel is empty; fetch or write it again"),
    wrong_shape: (
        WeightsError,
        "layer 'ip', parameter 0: expected shape (5, 4), found (3, 4); to leave this layer as it is, "
        "give it a name that the file does not have; in ip.caffemodel",
    ),
    unknown_type: (
        NetError,
        "unknown layer type 'InerProduct'; did you mean 'InnerProduct' or 'QuantizedInnerProduct'?; in layer 'ip'; "
        "in net.prototxt, line 7; in solver.prototxt",
    ),
    unknown_field: (
        SpecError,
        "net.prototxt, line 9, column 25: inner_product_param of layer 'ip' (InnerProduct) has no field 'num_outputs'; "
        "did you mean 'num_output'?; in solver.prototxt",
    ),
    unknown_solver_field: (
        SpecError,
        "solver.prototxt, line 4, column 1: the solver has no field 'maxiter'; did you mean 'max_iter'?",
    ),
    wrong_value: (
        SpecError,
        "net.prototxt, line 9, column 37: num_output of inner_product_param of layer 'ip' (InnerProduct) "
        "takes a whole number from 0 on, found three; in solver.prototxt",
    ),
    missing_option: (
        SpecError,
        "`num_output` is needed in `inner_product_param` and is not set; in layer 'ip' (InnerProduct), set up, "
        "reading x (4, 1, 2, 2); in net.prototxt, line 7; in solver.prototxt",
    ),
    no_maker: (
        NetError,
        "layer 'ip' (InnerProduct) reads blob 'xs', which no layer before it makes; did you mean 'x'?; "
        "in net.prototxt; in solver.prototxt",
    ),
    label_out_of_range: (
        DataError,
        "label 3 of item 3 is out of range: expected a whole number from 0 to 2 for 3 classes; "
        "in layer 'loss' (SoftmaxWithLoss), forward, reading y (4, 3), label (4,)",
    ),
    no_lmdb: (
        DataError,
        "no such file: itemz_lmdb (looked for {here}/itemz_lmdb); in layer 'items' (Data), set up; "
        "in net.prototxt, line 3; in solver.prototxt",
    ),
    not_an_lmdb: (
        DataError,
        "items_lmdb: expected an LMDB, found a damaged data.mdb (File is not an LMDB file); "
        "in layer 'items' (Data), set up; in net.prototxt, line 3; in solver.prototxt",
    ),
    a_folder_without_one: (
        DataError,
        "items_lmdb: expected an LMDB (a folder with data.mdb), found a folder without data.mdb; "
        "in layer 'items' (Data), set up; in net.prototxt, line 3; in solver.prototxt",
    ),
}

ON_THE_COMMAND_LINE = [
    *(no_solver, no_weights, truncated, wrong_shape, unknown_type),
    *(unknown_field, no_maker, label_out_of_range, not_an_lmdb),
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder in which everything is well."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path("net.prototxt").write_text(NET)
    pathlib.Path("solver.prototxt").write_text(SOLVER)
    write_lmdb("items_lmdb", [(np.zeros((1, 2, 2), np.uint8), label) for label in (0, 1, 2, 0)])
    Net("net.prototxt").save("ip.caffemodel")
    return tmp_path


def train():
    Solver("solver.prototxt", weights="ip.caffemodel", snapshot_after_train=False).solve()


def cafe(*words):
    home = {**os.environ, "PYTHONPATH": str(pathlib.Path(cafe_edu.__file__).parents[1])}
    return subprocess.run([sys.executable, "-m", "cafe_edu.cli", *words], env=home, capture_output=True, text=True)


def last_line(done):
    """What a command said last; before it come lines of the log."""
    *log, last = done.stderr.splitlines()
    assert all(line[0] == "I" for line in log), done.stderr
    return last


def test_all_is_well(here):
    train()
    done = cafe("train", "--solver", "solver.prototxt", "--weights", "ip.caffemodel")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("spoil", CASES, ids=lambda spoil: spoil.__name__)
def test_in_python(spoil, here):
    error, text = CASES[spoil]
    spoil()
    with pytest.raises(CafeError) as caught:
        train()
    assert caught.value.one_line() == text.format(here=here)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "spoil",
    [*ON_THE_COMMAND_LINE[:2], *(pytest.param(spoil, marks=pytest.mark.slow) for spoil in ON_THE_COMMAND_LINE[2:])],
    ids=lambda spoil: spoil.__name__,
)
def test_on_the_command_line(spoil, here):
    _, text = CASES[spoil]
    spoil()
    done = cafe("train", "--solver", "solver.prototxt", "--weights", "ip.caffemodel")
    assert done.returncode == 1
    assert last_line(done) == f"cafe: {text.format(here=here)}"
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_scoring_with_damaged_weights(here):
    truncated()
    done = cafe("test", "--model", "net.prototxt", "--weights", "ip.caffemodel", "--iterations", "1")
    assert done.returncode == 1
    assert last_line(done) == "cafe: ip.caffemodel is damaged or cut short after 150 bytes; fetch or write it again"


def test_going_on_from_what_is_no_state(here):
    done = cafe("train", "--solver", "solver.prototxt", "--snapshot", "ip.caffemodel")
    assert done.returncode == 1
    assert last_line(done) == "cafe: ip.caffemodel: expected a .solverstate, found a .caffemodel"
    done = cafe("train", "--solver", "solver.prototxt", "--snapshot", "none.solverstate")
    assert done.returncode == 1
    assert last_line(done) == "cafe: none.solverstate cannot be read: No such file or directory"
