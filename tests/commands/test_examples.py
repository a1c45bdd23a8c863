"""Every example that a command's --help shows is run, in a folder that has what it names."""

import gzip
import os
import re

import nbformat
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cafe_edu import Net
from cafe_edu.cli import main
from cafe_edu.data.lmdb_db import write_lmdb
from cafe_edu.data.sources import SETS
from cafe_edu.demo import ZOO

EXAMPLES = {name: re.search(r"Example: cafe (.*)", command.help)[1] for name, command in main.commands.items()}
OPENS_A_SERVER = {"lab"}  # tests/course/test_workspace.py looks at what it runs
LONG = {"demo"}
LOG = """\
I1122 01:38:11.000000  1 solver.py:143] Solving LeNet
I1122 01:38:12.000000  1 solver.py:251] Iteration 0 (0 iter/s, 0s/1 iters), loss = 2.5
I1122 01:38:12.000000  1 score.py:60]     Train net output #0: loss = 2.5 (* 1 = 2.5 loss)
I1122 01:38:12.000000  1 solver.py:253] Iteration 0, lr = 0.01
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the examples need, under the names they use."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAFE_EDU_DATA", str(tmp_path / "ready"))
    for name in ("lenet.prototxt", "lenet_train_test.prototxt"):
        (tmp_path / name).write_text((ZOO / "lenet" / name).read_text())
    solver = 'net: "lenet_train_test.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 2 display: 1'
    (tmp_path / "lenet_solver.prototxt").write_text(f"{solver} test_iter: 1 test_interval: 2")
    Net("lenet.prototxt").save("lenet_iter_500.caffemodel")
    (tmp_path / "lenet.log").write_text(LOG)
    (tmp_path / "lenet_2013.prototxt").write_text('layers { name: "a" type: TANH bottom: "x" top: "y" }')
    (tmp_path / "old_solver.prototxt").write_text("solver_type: ADAM")
    (tmp_path / "photos").mkdir()
    for i in range(3):
        Image.new("RGB", (40, 30), (50 * i, 0, 0)).save(f"photos/{i}.jpg")
    (tmp_path / "list.txt").write_text("0.jpg 0\n1.jpg 1\n2.jpg 2\n")
    Image.new("L", (28, 28)).save("five.png")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('check("06.1")')])
    (tmp_path / "handed_in").mkdir()
    nbformat.write(notebook, tmp_path / "handed_in" / "ada.ipynb")
    (tmp_path / "ready/mnist").mkdir(parents=True)
    for file in SETS["mnist"]:
        (tmp_path / "ready/mnist" / file.name).write_bytes(gzip.compress(b""))
    return tmp_path


def run(name):
    before = set(os.listdir("."))
    result = CliRunner().invoke(main, EXAMPLES[name].split(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result, set(os.listdir(".")) - before


MADE = {  # what an example leaves behind
    "train": {"lenet_solver_iter_2.caffemodel", "lenet_solver_iter_2.solverstate", "home"},
    "convert-imageset": {"photos_lmdb"},
    "compute-image-mean": {"mean.binaryproto"},
    "extract-features": {"ip1_lmdb", "home"},
    "upgrade-net": set(),  # lenet.prototxt is written over
    "upgrade-solver": {"solver.prototxt"},
    "draw-net": {"lenet.svg"},
    "parse-log": {"tables"},
    "plot-log": {"loss.png"},
    "test": {"home"},
    "quantize": {"lenet_int8.npz", "home"},
}


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - OPENS_A_SERVER - LONG))
def test_example(name, folder):
    if name == "draw-net":
        pytest.importorskip("grandalf")
    if name == "compute-image-mean":
        write_lmdb("photos_lmdb", [(np.zeros((3, 4, 4), np.uint8), 0)])
    result, made = run(name)
    assert made == MADE.get(name, set())
    assert result.stdout or name in ("train", "test", "compute-image-mean", "parse-log")


@pytest.mark.slow
def test_demo(folder):
    result, made = run("demo")
    assert made == {"my_work", "home"}
    assert "Right on" in result.stdout


def test_every_command_has_one():
    for name, words in EXAMPLES.items():
        assert words.split()[0] == name
