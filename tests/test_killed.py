"""Kill -9 at any moment: nothing half written is ever read, and the training ends as if nothing had been.

A training is started, killed after a time that is drawn, and started again from its newest state, fifty times over.
(In test_solver.py it is killed at chosen places instead.)
"""

import os
import pathlib
import random
import subprocess
import sys

import numpy as np
import pytest

import cafe_edu
from cafe_edu.caffemodel import read_state, read_weights
from cafe_edu.data.lmdb_db import write_lmdb

NET = """
name: "mortal"
layer { name: "items" type: "Data" top: "x" top: "label"
  transform_param { scale: 0.00390625 mirror: true crop_size: 5 }
  data_param { source: "items_lmdb" batch_size: 8 backend: LMDB } }
layer { name: "ip1" type: "InnerProduct" bottom: "x" top: "h"
  inner_product_param { num_output: 100 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "h" top: "h" }
layer { name: "drop" type: "Dropout" bottom: "h" top: "h" }
layer { name: "ip2" type: "InnerProduct" bottom: "h" top: "y"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "mortal.prototxt"
base_lr: 0.05 momentum: 0.9 momentum2: 0.99 type: "AdamW" weight_decay: 0.01 lr_policy: "cosine" warmup_iter: 10
max_iter: 600 snapshot: 3 snapshot_prefix: "snapshots/mortal" random_seed: 7 exact_resume: true
"""
LIFE = """
import pathlib
from cafe_edu import Solver
from cafe_edu.caffemodel import read_state

states = {read_state(path).iter: path for path in pathlib.Path("snapshots").glob("*.solverstate*")}
solver = Solver("solver.prototxt")
print("on it", flush=True)
solver.solve(states[max(states)] if states else None)
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    items = [(rng.integers(256, size=(1, 6, 6), dtype=np.uint8), i % 3) for i in range(50)]
    write_lmdb(tmp_path / "items_lmdb", items)
    (tmp_path / "mortal.prototxt").write_text(NET)
    return tmp_path


def live(folder, seconds=None):
    """Train from the newest state; be killed after so many seconds. Return whether it got to the end."""
    home = os.environ | {"PYTHONPATH": str(pathlib.Path(cafe_edu.__file__).parents[1])}
    command = [sys.executable, "-c", LIFE]
    with subprocess.Popen(command, cwd=folder, env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"on it\n", process.stderr.read().decode()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        error = process.stderr.read().decode()
    assert process.returncode in (0, -9), error
    return process.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is Unix's")
@pytest.mark.parametrize("format", ["BINARYPROTO", "HDF5"])
def test_killed_at_any_moment(format, folder):
    (folder / "solver.prototxt").write_text(f"{SOLVER} snapshot_format: {format}")
    snapshots, whole = folder / "snapshots", folder / "whole"
    assert live(folder)
    snapshots.rename(whole)
    rng, deaths, partly = random.Random(format), 0, 0
    while deaths < 25:
        if live(folder, seconds=rng.uniform(0, 0.25)):
            snapshots.rename(folder / f"complete{deaths}")  # it lived too long; once more from the beginning
            continue
        deaths += 1
        partly += any(snapshots.glob(".*"))
        for path in snapshots.glob("mortal_*"):
            assert path.read_bytes() == (whole / path.name).read_bytes(), path
    assert live(folder)
    assert {path.name for path in snapshots.iterdir()} == {path.name for path in whole.iterdir()}  # nothing is left
    for path in snapshots.iterdir():
        assert path.read_bytes() == (whole / path.name).read_bytes(), path
    assert partly  # some were killed while they wrote
    last = max(snapshots.glob("*.solverstate*"), key=lambda path: read_state(path).iter)
    assert read_state(last).iter == 600
    weights = read_weights(str(last).replace("solverstate", "caffemodel"))
    assert all(np.isfinite(array).all() for arrays in weights.values() for array in arrays)
