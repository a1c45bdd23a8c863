import json

import pytest
from click.testing import CliRunner

from cafe_edu import Net
from cafe_edu.cli import main

NET = """
name: "small"
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 4 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 5 } include { phase: TEST } }
layer { name: "long" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 500 }
  include { phase: TRAIN } }
"""  # noqa: E501


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)


def cafe(*words, status=0):
    result = CliRunner().invoke(main, ["time", *words], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def test_the_log_has_caffes_lines():
    log = cafe("-model", "net.prototxt", "-iterations=3").stderr
    for line in (
        "] *** Benchmark begins ***",
        "] Testing for 3 iterations.",
        "] Iteration: 3 forward-backward time: ",
        "] Average time per layer: ",
        "]       long\tforward: ",
        "]       long\tbackward: ",
        "] Average Forward pass: ",
        "] Average Backward pass: ",
        "] Average Forward-Backward: ",
        "] Total Time: ",
        "] *** Benchmark ends ***",
    ):
        assert line in log


def test_the_table_has_every_layer_and_the_sum():
    lines = cafe("--model", "net.prototxt", "--iterations", "2").stdout.splitlines()
    assert lines[0].split() == [
        "layer", "type", "forward", "ms", "median", "backward", "ms", "median", "share", "data", "diff", "params",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[1:]] == ["x", "long", "all"]
    assert "7.8 KiB" in lines[2]  # 4 x 500 floats
    assert "15.6 KiB" in lines[2]  # data and diff of 2,000 parameters


def test_json_and_the_other_phase():
    found = json.loads(cafe("--model", "net.prototxt", "--phase", "TEST", "--iterations", "2", "--json").stdout)
    assert (found["net"], found["phase"], found["iterations"]) == ("small", "TEST", 2)
    x, ip = found["layers"]
    assert (ip["name"], ip["data_bytes"]) == ("ip", 80)
    assert ip["forward_ms"] > 0
    assert ip["backward_ms"] > 0
    assert found["forward_ms"] == pytest.approx(x["forward_ms"] + ip["forward_ms"])
    assert found["total_ms"] == pytest.approx(2 * (found["forward_ms"] + found["backward_ms"]))


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_picture(tmp_path, ending):
    found = cafe("--model", "net.prototxt", "--iterations", "1", "--picture", f"time.{ending}", "--json").stdout
    assert [layer["name"] for layer in json.loads(found)["layers"]] == ["x", "long"]
    assert (tmp_path / f"time.{ending}").read_bytes()[:4] in (b"\x89PNG", b"<?xm")


def test_weights_are_read():
    Net("net.prototxt", "TEST").save("net.caffemodel")
    cafe("--model", "net.prototxt", "--phase", "TEST", "--weights", "net.caffemodel", "--iterations", "1")
    said = cafe("--model", "net.prototxt", "--weights", "net.caffemodel", status=1).stderr
    assert "net.caffemodel has no layer of this net: it has ip; the net has long" in said


def test_a_gpu_that_is_not_there():
    said = cafe("--model", "net.prototxt", "-gpu", "99", status=1).stderr
    assert said.startswith("cafe: no GPU 99: ")
