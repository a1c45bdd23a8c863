"""What is measured is what is said: the sides compute the same, the numbers are put together rightly."""

import doctest
import importlib.util
import json
import re

import click
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import floor, nets, ours, parts, picture, report, rounds, side, start, targets
from benchmarks.__main__ import main
from cafe_edu import Net
from cafe_edu.device import cupy
from cafe_edu.engines import fast_gpu
from cafe_edu.testing import strict_cupy
from cafe_edu.testing.cuda_on_cpu import compiler

no_torch = not importlib.util.find_spec("torch")
needs_torch = pytest.mark.skipif(no_torch, reason="PyTorch is not installed (`make bench` installs it)")


def turn(ms, **more):
    """What a side prints, of one run."""
    return {"times": [ms / 1000], "memory_mb": 10, **more}


@pytest.fixture
def found():
    """The contents of a latest.json: LeNet in two rounds, and the growing nets."""
    sides = {"ours": [turn(6), turn(9)], "torch": [turn(10), turn(10)], "floor": [turn(3), turn(3)]}
    host = {"cpu": "a CPU", "cores": 2, "threads": 2, "load": 0.1}
    host |= {"python": "3", "numpy": "2", "blas": "B", "torch": "2"}
    depth = {"ms": {"20": 10.0, "32": 14.0}, "ms_per_layer": 1 / 3, "offset_ms": 10 / 3, "off_the_line": 0.2}
    return {
        "machine": host, "lenet": rounds.summary(sides), "depth": depth,
        "batch": {"ms_per_image": {"32": 0.1, "64": 0.12}, "spread": 1.2},
    }  # fmt: skip


@pytest.mark.slow
def test_a_tiny_round_measures_and_writes(tmp_path):
    done = CliRunner().invoke(main, ["lenet", "--quick", "--threads", "1", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "latest.json").read_text())
    assert written["settings"]["quick"]
    assert written["lenet"]["ours"]["ms"] > 0
    assert written["lenet"]["ours"]["over_floor"]["median"] > 0
    assert (tmp_path / "latest.png").read_bytes().startswith(b"\x89PNG")
    assert re.search(r"^LeNet +step, 64 +[\d.]+ ", done.output, re.MULTILINE)


@needs_torch
@pytest.mark.parametrize("name", ["lenet", "cifar_quick", "resnet20", pytest.param("caffenet", marks=pytest.mark.slow)])
def test_pytorch_trains_the_same_net(name, tmp_path):
    start.write(tmp_path / "start.npz", name, 4)
    both = {s: [rounds.process(["side", s, name, "step", tmp_path / "start.npz", 1], 1)] for s in ("ours", "torch")}
    rounds.check_agreement(both)
    assert len(both["torch"][0]["losses"]) == side.WARM_UP


@needs_torch
def test_pytorch_answers_the_same(tmp_path):
    start.write(tmp_path / "start.npz", "squeezenet", 1)
    command = ["squeezenet", "forward", tmp_path / "start.npz", 1]
    both = {s: [rounds.process(["side", s, *command], 1)] for s in ("ours", "torch")}
    rounds.check_agreement(both)
    assert sum(both["torch"][0]["answer"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("depth", "params"), [(20, 65), (110, 335)])
def test_resnets_have_their_layers(depth, params):
    net = Net(nets.make(f"resnet{depth}", 1, "step"), "TRAIN")
    learned = start.learned(net)
    assert len(learned) == params
    on_the_way = [p for p in learned if len(p.blob.shape) == 4 and p.blob.shape[2:] == (3, 3)]
    assert len(on_the_way) + 1 == depth  # and the inner product


def test_floor_counts_every_multiplication_once():
    net = Net(nets.make("caffenet", 2, "step"), "TRAIN", rng=1)
    done = {}
    for step in net.steps:
        for forms in floor.products_of(step, training=True):
            work = {np.prod(floor.result_of(*form)) * form[0][-2 if form[1] else -1] for form in forms}
            assert len(work) == 1, "each form of a product is the same work"
            assert all(form[0][-3] == form[2][-3] for form in forms), "as many groups on the left as on the right"
            done.setdefault(step.layer.name, []).append(work.pop())
    layers = [step.layer for step in net.steps if step.layer.type in ("Convolution", "InnerProduct")]
    assert [len(done[layer.name]) for layer in layers] == [2] + [3] * 7  # the images need no gradient
    first, last = layers[0], layers[-1]
    assert done[first.name][0] == 2 * 55 * 55 * first.params[0].count
    assert done[last.name] == [2 * last.params[0].count] * 3


def test_example_of_the_floor():
    tried = doctest.testmod(floor)
    assert tried.attempted
    assert not tried.failed


def test_sides_that_differ_stop_it():
    a, b = turn(1, losses=[2.3, 2.2], moved=[0.5]), turn(1, losses=[2.3, 2.2], moved=[0.51])
    rounds.check_agreement({"ours": [a], "torch": [a], "floor": [turn(1)]})
    with pytest.raises(click.ClickException, match=r"ours and torch do not compute the same.*moved: 0.5 and 0.51"):
        rounds.check_agreement({"ours": [a], "torch": [b]})


def test_ratios_are_taken_within_a_round(found):
    over = found["lenet"]["ours"]["over_torch"]
    assert over == pytest.approx({"median": 0.75, "low": 0.6, "high": 0.9})
    assert found["lenet"]["ours"]["ms"] == pytest.approx(7.5)


def test_turns_alternate(monkeypatch):
    seen = []
    monkeypatch.setattr(rounds, "process", lambda arguments, threads: seen.append(arguments) or {})
    rounds.in_turns("t", {"A": "a", "B": "b"}, 3, threads=1)
    assert "".join(seen) == "abbaab"


def test_a_side_that_fails_is_shown():
    with pytest.raises(click.ClickException, match=r"side ours lenet step nowhere.npz 1 failed:\n(.|\n)*No such file"):
        rounds.process(["side", "ours", "lenet", "step", "nowhere.npz", 1], 1)


def test_report_says_what_is_held(found):
    lines = "\n".join(report.lines(found))
    assert "0.75, 0.60 to 0.90  0.7 MISSED  2.50        2.2 MISSED  10 to 10   1 held" in lines
    assert "longest over shortest 1.20, to hold 1.15 MISSED" in lines
    assert "0.33 ms a layer; farthest from the straight line 20.0 %, to hold 10 MISSED" in lines
    assert "NOISE" not in lines
    found["machine"]["load"] = 3.0
    assert "NOISE: 3.0 other processes were busy" in "\n".join(report.lines(found))


def test_report_without_pytorch(found):
    del found["lenet"]["torch"], found["lenet"]["ours"]["over_torch"]
    found["machine"]["torch"] = None
    lines = "\n".join(report.lines(found))
    assert "PyTorch not installed" in lines
    assert re.search(r"LeNet +step, 64 +7.5 +- +- +- +0.7 +2.50 ", lines)


def test_picture_has_a_panel_for_each_thing(found):
    assert len(picture.draw(found).axes) == 3
    assert picture.draw({"machine": {}}) is None


def test_every_part_has_its_words():
    assert parts.PARTS.keys() | {"on_gpu"} == targets.NETS.keys() | report.REPORTS.keys()
    assert parts.ON_GPU.keys() == targets.ON_GPU.keys() <= parts.PARTS.keys()
    assert not ours.has_engines() or "ours-plain" in parts.Settings(1, 1, 1).sides()


# on a GPU -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler here, to run kernels on the CPU")
def test_our_side_computes_on_a_gpu_and_is_waited_for(tmp_path):
    start.write(tmp_path / "start.npz", "lenet", 2)
    first = np.load(tmp_path / "start.npz")
    with strict_cupy(kernels=True) as gpu:
        one = ours.Ours(first, "lenet", "step", device="gpu")
        assert one.net.engine is fast_gpu
        losses = [one.run() for _ in range(2)]
        far = side.moved(one, first)
        gpu.transfers.clear()
        assert len(side.again(one, 3)) == 3
        assert gpu.transfers.to_host["synchronize"] == 6
    other = ours.Ours(first, "lenet", "step")
    np.testing.assert_allclose(losses, [other.run() for _ in range(2)], rtol=1e-4)
    np.testing.assert_allclose(far, side.moved(other, first), rtol=1e-2)
    other.wait()


def test_sides_on_a_gpu(monkeypatch):
    monkeypatch.setattr(parts.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(parts, "torch_has_a_gpu", lambda: True)
    sides = parts.Settings(1, 1, 1, device="gpu").sides()
    assert sides == {"ours": ("ours:gpu",), "ours-plain": ("ours:gpu", "plain"), "torch": ("torch:gpu",)}
    monkeypatch.setattr(parts, "torch_has_a_gpu", lambda: False)
    assert parts.Settings(1, 1, 1, "fast_gpu", device="gpu").sides() == {
        "ours": ("ours:gpu", "fast_gpu"),
        "ours-plain": ("ours:gpu", "plain"),
    }


def test_without_a_gpu_it_says_so(tmp_path):
    if cupy() is not None:
        pytest.skip("a GPU answers")
    done = CliRunner().invoke(main, ["--device", "gpu", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.startswith("Error: no GPU here: device 'gpu' needs cupy and an NVIDIA GPU, and none answers")
    assert not list(tmp_path.iterdir())


def test_what_is_not_measured_on_a_gpu(tmp_path):
    done = CliRunner().invoke(main, ["data_loop", "--device", "gpu", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "on a GPU there are lenet, cifar_quick, caffenet, resnet20, found data_loop" in done.output


@pytest.mark.skipif(cupy() is None, reason="no GPU answers")
def test_a_tiny_round_on_a_gpu(tmp_path):
    done = CliRunner().invoke(main, ["lenet", "--device", "gpu", "--quick", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "latest_gpu.json").read_text())["on_gpu"]["lenet"]["ours"]["ms"] > 0


def test_report_of_a_gpu():
    both = {"ours": [turn(2), turn(3)], "torch": [turn(4), turn(4)]}
    host = {"cpu": "a CPU", "cores": 2, "threads": 2, "load": 0.1, "gpu": "a card, cupy 14"}
    host |= {"python": "3", "numpy": "2", "blas": "B", "torch": "2"}
    lines = "\n".join(report.lines({"machine": host, "on_gpu": {"resnet20": rounds.summary(both)}}))
    assert "GPU: a card, cupy 14; PyTorch with cuDNN, float32 without TF32" in lines
    assert re.search(r"^ResNet-20 +step, 128 +2.50 +- +4.00 +0.62, 0.50 to 0.75 +10 to 10$", lines, re.MULTILINE)
