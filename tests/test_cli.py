"""The `cafe` command, run as a user runs it."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cafe_edu import Layer, Net, Solver
from cafe_edu.caffemodel import read_state, read_weights, write_state
from cafe_edu.cli import main
from cafe_edu.commands.train import _answering
from cafe_edu.prototxt import read_net, read_solver

NET = """
name: "little"
layer { name: "digits" type: "Data" top: "data" top: "label"
  transform_param { scale: 0.00390625 }
  data_param { source: "digits/digits_train_lmdb" batch_size: 32 backend: LMDB } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "little.prototxt"
test_iter: 2
test_interval: 20
base_lr: 0.1
lr_policy: "fixed"
display: 10
max_iter: 40
snapshot: 20
snapshot_prefix: "little"
random_seed: 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "little.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cafe(*words, status=0):
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def test_train_writes_log_and_snapshots(folder):
    result = cafe("train", "--solver", "solver.prototxt", "--log", "train.log")
    assert "Iteration 20, Testing net (#0)" in result.stderr
    assert "Optimization Done." in result.stderr
    assert (folder / "train.log").read_text().splitlines()[-1].endswith("Optimization Done.")
    assert sorted(path.name for path in folder.glob("little_iter*")) == [
        "little_iter_20.caffemodel",
        "little_iter_20.solverstate",
        "little_iter_40.caffemodel",
        "little_iter_40.solverstate",
    ]


def test_train_with_caffes_single_dash_goes_on(folder):
    cafe("train", "--solver", "solver.prototxt")
    whole = read_weights(folder / "little_iter_40.caffemodel")
    (folder / "little_iter_40.caffemodel").unlink()
    (folder / "little_iter_40.solverstate").unlink()
    result = cafe("train", "-solver", "solver.prototxt", "-snapshot", "little_iter_20.solverstate")
    assert "Iteration 20, Testing net (#0)" in result.stderr
    assert "Iteration 10, lr" not in result.stderr
    assert read_state(folder / "little_iter_40.solverstate").iter == 40
    # as in Caffe the data start again at the first record, so the weights are near, not equal
    assert not np.array_equal(read_weights(folder / "little_iter_40.caffemodel")["ip"][0], whole["ip"][0])


def test_train_from_weights(folder):
    cafe("train", "--solver", "solver.prototxt")
    still = SOLVER.replace("max_iter: 40", "max_iter: 0").replace("snapshot: 20", "").replace('"little"', '"still"')
    (folder / "still.prototxt").write_text(still)
    cafe("train", "--solver", "still.prototxt", "--weights", "little_iter_40.caffemodel")
    first, second = read_weights("little_iter_40.caffemodel"), read_weights("still_iter_0.caffemodel")
    assert np.array_equal(first["ip"][0], second["ip"][0])


def test_snapshot_and_weights_exclude_each_other(folder):
    result = cafe("train", "--solver", "solver.prototxt", "--snapshot", "a", "--weights", "b", status=1)
    assert result.stderr == "cafe: expected --snapshot to go on or --weights to start from, found both\n"


def test_weights_of_the_command_line_win(folder):
    """Over those that the solver names; and with --snapshot neither is read."""
    net = Net("little.prototxt", "TRAIN")
    for name, value in (("a", 1), ("b", 2)):
        net.params["ip"][0].data[...] = value
        net.save(f"{name}.caffemodel")

    def ends(*words, more=""):
        (folder / "still.prototxt").write_text(
            SOLVER.replace("max_iter: 40", "max_iter: 0").replace("snapshot: 20", "").replace('"little"', '"s"') + more
        )
        cafe("train", "--solver", "still.prototxt", *words)
        return read_weights("s_iter_0.caffemodel")["ip"][0].flat[0]

    assert ends(more='weights: "a.caffemodel"') == 1
    assert ends("--weights", "b.caffemodel", more='weights: "a.caffemodel"') == 2
    assert ends("--weights", "b.caffemodel,a.caffemodel") == 1
    (folder / "s_iter_0.solverstate").rename("stay.solverstate")
    (folder / "s_iter_0.caffemodel").rename("moved.caffemodel")
    state = read_state("stay.solverstate")
    state.learned_net = "b.caffemodel"
    write_state("stay.solverstate", state)
    assert ends("--snapshot", "stay.solverstate", more='weights: "none.caffemodel"') == 2


def test_stages_and_level_are_added_to_the_solvers_own(folder):
    rules = {"a": 'stage: "a"', "b": 'stage: "b"', "two": "min_level: 2", "three": "min_level: 3"}
    ip = 'layer { name: "%s" type: "InnerProduct" bottom: "data" top: "%s" inner_product_param { num_output: 1 } %s }'
    layers = [ip % (name, name, f"include {{ {rule} }}") for name, rule in rules.items()]
    (folder / "little.prototxt").write_text(NET + "\n".join(layers))
    still = SOLVER.replace("max_iter: 40", "max_iter: 0").replace("snapshot: 20", "")

    def layers_of(*words, more='train_state { stage: "a" level: 2 }'):
        (folder / "still.prototxt").write_text(still + more)
        cafe("train", "--solver", "still.prototxt", *words)
        return sorted(read_weights("little_iter_0.caffemodel"))

    assert layers_of() == ["a", "ip", "two"]
    assert layers_of("--stage", "b") == ["a", "b", "ip", "two"]
    assert layers_of("--level", "3", "--stage", "b,c") == ["a", "b", "ip", "three", "two"]
    assert layers_of("--stage", "b", more="") == ["b", "ip"]


def test_exact_resume(folder):
    cafe("train", "--solver", "solver.prototxt", "--exact-resume")
    whole = (folder / "little_iter_40.caffemodel").read_bytes()
    (folder / "little_iter_40.caffemodel").unlink()
    words = ["train", "--solver", "solver.prototxt", "--exact-resume", "--snapshot", "little_iter_20.solverstate"]
    cafe(*words)
    assert (folder / "little_iter_40.caffemodel").read_bytes() == whole
    (folder / "little_iter_20.resume").unlink()
    result = cafe(*words, status=1)
    assert result.stderr.splitlines()[-1].startswith("cafe: little_iter_20.resume is not there, which an exact resume")


def test_progress_bar_shows_loss_accuracy_and_speed(folder):
    result = cafe("train", "--solver", "solver.prototxt", "--progress")
    assert "40/40" in result.stderr
    assert "loss=" in result.stderr
    assert "test accuracy=" in result.stderr
    assert "images/s=" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_writes_a_snapshot_and_stops(folder):
    (folder / "long.prototxt").write_text(SOLVER.replace("max_iter: 40", "max_iter: 100000000"))
    command = [sys.executable, "-m", "cafe_edu.cli", "train", "--solver", "long.prototxt"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert any("Iteration 30, lr" in line for line in process.stderr)
        process.send_signal(signal.SIGHUP)
        assert any("Snapshotting solver state" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert "Optimization stopped early." in rest
    assert "Traceback" not in rest
    newest = max(folder.glob("*.solverstate"), key=lambda path: read_state(path).iter)
    cafe("train", "--solver", "solver.prototxt", "--snapshot", str(newest))


class Signals(Layer):
    """Sends a signal to its own process, at one forward."""

    number, at, count = None, 3, 0

    def top_shapes(self, bottom_shapes):
        return bottom_shapes

    def forward(self, bottom, top):
        top[0].data = bottom[0].data
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), self.number)

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff = top[0].diff


def signalled(number, sigint="stop", sighup="snapshot"):
    """Train with a signal in the third iteration; return the solver and the iterations of its snapshots."""
    data, loss = NET.rsplit("layer {", 1)
    layer = 'layer { name: "signals" type: "Signals" bottom: "ip" top: "s" }\n'
    loss = loss.replace('bottom: "ip"', 'bottom: "s"')
    pathlib.Path("little.prototxt").write_text(data + layer + "layer {" + loss)
    changes = {"max_iter": 6, "snapshot": 0, "test_iter": [], "snapshot_after_train": True}
    solver = Solver("solver.prototxt", layers={"Signals": Signals}, **changes)
    (layer,) = (layer for layer in solver.net.layers if layer.type == "Signals")
    layer.number = number
    with _answering(solver, sigint, sighup):
        solver.solve()
    found = sorted(read_state(path).iter for path in pathlib.Path().glob("*.solverstate"))
    return solver, found


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGHUP")
@pytest.mark.parametrize("name", ["sigint", "sighup"])
@pytest.mark.parametrize(
    ("effect", "end", "snapshots"), [("stop", 3, [3]), ("snapshot", 6, [3, 6]), ("none", 6, [6])]
)
def test_what_a_signal_does(name, effect, end, snapshots, folder):
    """It is answered after the iteration under way; a training that is stopped writes its snapshot."""
    number = {"sigint": signal.SIGINT, "sighup": signal.SIGHUP}[name]
    before = signal.getsignal(number)
    solver, found = signalled(number, **{name: effect})
    assert (solver.iter, found) == (end, snapshots)
    assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_a_training_that_is_asked_twice_stops_at_once(folder, monkeypatch):
    def twice(self, bottom, top):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Signals, "forward", twice)
    with pytest.raises(KeyboardInterrupt):
        signalled(signal.SIGINT)


def test_test_prints_batches_and_means(folder):
    cafe("train", "--solver", "solver.prototxt")
    model = ["--model", "little.prototxt", "--weights", "little_iter_40.caffemodel"]
    result = cafe("test", *model, "--iterations", "2", "--json")
    batches = [float(line.split("= ")[1]) for line in result.stderr.splitlines() if "Batch" in line and "acc" in line]
    found = json.loads(result.stdout)
    assert len(batches) == 2
    assert found["accuracy"] == pytest.approx(np.mean(batches), abs=1e-5)
    assert found["accuracy"] > 0.6
    assert f"accuracy = {found['accuracy']:g}" in result.stderr


def test_predict_reads_an_image(folder):
    deploy = """
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 28 dim: 28 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 10 } }
    layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
    """
    (folder / "deploy.prototxt").write_text(deploy)
    net = Net("deploy.prototxt")
    net.params["ip"][1].data = np.arange(10) == 7
    net.save("seven.caffemodel")
    Image.new("L", (28, 28)).save("blank.png")
    words = ["predict", "--model", "deploy.prototxt", "--weights", "seven.caffemodel", "--top", "2", "blank.png"]
    assert cafe(*words).stdout == "blank.png: 7 (23.2 %), 0 (8.5 %)\n"
    (answer,) = json.loads(cafe(*words, "--json").stdout)
    assert answer["answers"][0]["class"] == 7


def test_doctor_names_what_there_is(monkeypatch, tmp_path):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path))
    monkeypatch.delenv("CAFE_EDU_DATA", raising=False)
    facts = json.loads(cafe("doctor", "--json").stdout)
    assert facts["data folder"] == str(tmp_path)
    assert facts["data set mnist"] == "not here (optional): cafe fetch mnist"
    assert facts["data set digits"] == "at hand"
    assert "BLAS" in facts["numpy"]
    assert "cores" in cafe("doctor").stdout


def test_upgrade_net_and_solver(folder):
    old = 'input: "x" input_dim: 1 input_dim: 1 input_dim: 2 input_dim: 2 layers { name: "a" type: TANH bottom: "x" }'
    (folder / "old.prototxt").write_text(old)
    said = cafe("upgrade-net", "old.prototxt", "new.prototxt").stdout
    assert said == "new.prototxt is old.prototxt, as it is written today\n"
    assert [layer.type for layer in read_net("new.prototxt").layer] == ["Input", "TanH"]
    (folder / "old_solver.prototxt").write_text("solver_type: ADAM")
    cafe("upgrade-solver", "old_solver.prototxt", "new_solver.prototxt")
    assert read_solver("new_solver.prototxt").type == "Adam"
    result = cafe("upgrade-net", "none.prototxt", "new.prototxt", status=1)
    assert result.stderr == "cafe: none.prototxt: no such file; expected a prototxt\n"


def test_upgrade_net_takes_weights(data_folder, tmp_path):
    old = data_folder / "lenet_v1_2014" / "lenet_iter_10000.caffemodel"
    cafe("upgrade-net", str(old), str(tmp_path / "new.caffemodel"))
    first, second = read_weights(old), read_weights(tmp_path / "new.caffemodel")
    assert list(first) == list(second)
    for name, arrays in first.items():
        assert all(np.array_equal(a.ravel(), b.ravel()) for a, b in zip(arrays, second[name], strict=True))


def test_every_command_has_an_example():
    for name, command in main.commands.items():
        assert f"Example: cafe {name}" in command.help, name


def test_an_unreadable_path_is_one_line(folder):
    result = cafe("train", "--solver", "solver.prototxt", "--log", "no/such/folder/log", status=1)
    assert result.stderr == f"cafe: No such file or directory: {folder / 'no/such/folder/log'}\n"


def test_lab_without_the_repository(monkeypatch, tmp_path):
    monkeypatch.setattr("cafe_edu.commands.demo.__file__", str(tmp_path / "cafe_edu" / "commands" / "demo.py"))
    result = cafe("lab", status=1)
    assert result.stderr.startswith("cafe: the lessons come with the repository")
