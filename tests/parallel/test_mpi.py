"""parallel/mpi.py and `mpiexec -n N cafe train`: real processes, their deaths too. Needs mpi4py and an MPI."""

import re

import numpy as np
import pytest

from cafe_edu.caffemodel import read_state, read_weights

NET = """
name: "digits"
layer { name: "digits" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { scale: 0.00390625 }
  data_param { source: "digits/digits_train_lmdb" batch_size: BATCH backend: LMDB } }
layer { name: "digits" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { scale: 0.00390625 }
  data_param { source: "digits/digits_test_lmdb" batch_size: 60 backend: LMDB } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 5 stride: 2 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "net.prototxt" test_iter: 6 test_interval: 10
base_lr: 0.1 momentum: 0.9 weight_decay: 0.0005 lr_policy: "fixed" iter_size: 2 clip_gradients: 2
display: 5 average_loss: 2 max_iter: 10 snapshot: 5 random_seed: 3 snapshot_prefix: "NAME"
"""
# A data layer that waits for the test, in a pipe, and does what the test writes there.
WAITING = """
import os, pathlib, signal

class Waiting:
    def setup(self, bottom, top): self.count, self.rank = 0, 0
    def reshape(self, bottom, top): top[0].reshape(1, 1)
    def shard(self, rank, size): self.rank = rank
    def forward(self, bottom, top):
        self.count += 1
        top[0].data[...] = 1
        if self.count == 4 and self.rank == 1:
            EVENT
    def backward(self, top, propagate_down, bottom): pass
"""
LINE = """
layer { name: "waiting" type: "Python" top: "x" python_param { module: "waiting" layer: "Waiting" } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1 inner_product_param { num_output: 1 } }
"""
LINE_SOLVER = 'net: "line.prototxt" base_lr: 0.5 lr_policy: "fixed" max_iter: MAX snapshot: 2 snapshot_prefix: "line"'
CAFE = ("-m", "cafe_edu.cli", "train", "--solver")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, name, batch):
    (folder / f"{name}_net.prototxt").write_text(NET.replace("BATCH", str(batch)))
    solver = SOLVER.replace("NAME", name).replace("net.prototxt", f"{name}_net.prototxt")
    (folder / f"{name}.prototxt").write_text(solver)
    return f"{name}.prototxt"


def write_line(folder, event, iterations=6):
    (folder / "waiting.py").write_text(WAITING.replace("EVENT", event))
    (folder / "line.prototxt").write_text(LINE)
    (folder / "solver.prototxt").write_text(LINE_SOLVER.replace("MAX", str(iterations)))


def ended(process, status=0):
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, err
    return out, err


def assert_same_weights(first, second):
    for name, arrays in read_weights(second).items():
        for mine, right in zip(read_weights(first)[name], arrays, strict=True):
            np.testing.assert_allclose(mine, right, rtol=0, atol=1e-4 * np.abs(right).max())


@pytest.mark.parametrize("size", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_cafe_train_learns_what_one_process_learns(mpi, folder, size):
    _, log = ended(mpi(size, *CAFE, write(folder, "many", 8)))
    _, expected = ended(mpi(1, *CAFE, write(folder, "one", 8 * size)))
    assert_same_weights("many_iter_10.caffemodel", "one_iter_10.caffemodel")
    losses, right = ([float(x) for x in re.findall(r"\), loss = (\S+)", text)] for text in (log, expected))
    assert len(losses) == 2
    np.testing.assert_allclose(losses, right, rtol=1e-4)
    assert re.findall(r"accuracy = (\S+)", log) == re.findall(r"accuracy = (\S+)", expected)
    assert len(log.splitlines()) == len(expected.splitlines())  # one rank alone logs


@pytest.mark.slow
def test_another_number_of_ranks_goes_on(mpi, folder):
    ended(mpi(2, *CAFE, write(folder, "many", 6)))
    ended(mpi(3, *CAFE, write(folder, "three", 4), "--snapshot", "many_iter_5.solverstate"))
    ended(mpi(1, *CAFE, write(folder, "one", 12), "--snapshot", "many_iter_5.solverstate"))
    assert_same_weights("three_iter_10.caffemodel", "one_iter_10.caffemodel")


def test_a_rank_that_raises_ends_all_with_one_line_and_a_snapshot(mpi, folder):
    write_line(folder, "raise ValueError('a bad item')")
    _, err = ended(mpi(2, *CAFE, "solver.prototxt"), status=1)
    assert re.findall("cafe: .*", err) == [
        "cafe: rank 1 of 2 failed: ValueError: a bad item; in layer 'waiting' (Python), forward; "
        "what was learned until iteration 3 is in line_iter_3.solverstate, to go on from"
    ]
    assert "waiting.py" in err  # where it happened
    assert read_state("line_iter_3.solverstate").iter == 3


@pytest.mark.slow
def test_a_rank_that_is_killed_ends_all_and_the_last_snapshot_is_whole(mpi, folder):
    write_line(folder, "os.kill(os.getpid(), signal.SIGKILL)")
    process = mpi(2, *CAFE, "solver.prototxt")
    out, err = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Optimization Done" not in err
    assert re.search("signal|killed", out + err, re.IGNORECASE)  # mpiexec says so
    assert read_state("line_iter_2.solverstate").iter == 2
    write_line(folder, "pass")
    ended(mpi(2, *CAFE, "solver.prototxt", "--snapshot", "line_iter_2.solverstate"))
    assert read_state("line_iter_6.solverstate").iter == 6


def test_ctrl_c_on_one_rank_stops_all_with_a_snapshot(mpi, folder):
    write_line(folder, "os.kill(os.getpid(), signal.SIGINT)", iterations=10**6)
    _, err = ended(mpi(2, *CAFE, "solver.prototxt"))
    assert err.splitlines()[-1].endswith("Optimization stopped early.")
    done = {int(re.search(r"_(\d+)\.", path.name)[1]) for path in folder.glob("line_iter_*.solverstate")}
    assert max(done) in (4, 5)


def test_bad_input_is_one_line_of_rank_0(mpi, folder):
    _, err = ended(mpi(2, *CAFE, "missing.prototxt"), status=1)
    (line,) = re.findall("cafe: .*", err)
    assert "missing.prototxt" in line
    assert err.count("missing.prototxt") == line.count("missing.prototxt")


def test_without_mpi4py_it_is_one_line(mpi, folder):
    (folder / "mpi4py.py").write_text("raise ImportError('not here')\n")
    code = "import sys; sys.path.insert(0, '.'); from cafe_edu.cli import main; main(['train', '--solver', 'x'])"
    _, err = ended(mpi(2, "-c", code), status=1)
    assert err.count("cafe: 2 processes were started together, and mpi4py, with which they would talk, cannot") == 1


def test_an_mpiexec_of_another_mpi_is_found_out(mpi, folder):
    # one process that is told it is one of two: what each sees when mpiexec and mpi4py are of two MPIs
    code = "from cafe_edu.parallel import world; world.started = lambda: (0, 2); world.communicator()"
    _, err = ended(mpi(1, "-c", code), status=1)
    assert "expected 2 ranks, as many as processes were started, found 1: this mpiexec belongs to another MPI" in err


def test_the_communicator_keeps_its_promises(mpi, folder):
    program = """
import numpy as np
from cafe_edu.parallel.mpi import MpiCommunicator
c = MpiCommunicator()
x = np.random.default_rng(c.rank).normal(size=10**6).astype(np.float32)
y = np.full(3, c.rank, np.float64)
expected = sum(np.random.default_rng(r).normal(size=10**6).astype(np.float32).astype(float) for r in range(c.size))
first, second = c.start_sum(x), c.start_sum(y)
second.wait(); first.poke(); first.wait(); first.poke()
assert abs(x - expected).max() < 1e-5
assert y.tolist() == [sum(range(c.size))] * 3
z = np.full(2, c.rank); c.broadcast(z); assert z.tolist() == [0, 0]
assert c.gather([c.rank, 7]).tolist() == [[r, 7] for r in range(c.size)]
assert c.share(f"from {c.rank}") == "from 0"
import zlib
assert len(set(c.gather([zlib.crc32(x)])[:, 0])) == 1  # the same bits everywhere
print("kept")
"""
    (folder / "program.py").write_text(program)
    out, _ = ended(mpi(3, "program.py"))
    assert out.count("kept") == 3
