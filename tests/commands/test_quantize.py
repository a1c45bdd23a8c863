import json

import numpy as np
import pytest
from click.testing import CliRunner

from cafe_edu import Net
from cafe_edu.cli import main
from cafe_edu.quantize import load_quantized

NET = """
name: "small"
layer { name: "data" type: "DummyData" top: "x" top: "label" dummy_data_param {
  shape { dim: 8 dim: 6 } shape { dim: 8 }
  data_filler { type: "uniform" min: -1 max: 1 } data_filler { type: "constant" } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 3 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "label" top: "accuracy" }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    Net("net.prototxt", "TEST", rng=np.random.default_rng(3)).save("w.caffemodel")
    return tmp_path


def cafe(*words, status=0):
    words = ("quantize", "--model", "net.prototxt", "--weights", "w.caffemodel", "--calibrate", "2", *words)
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def test_the_table_and_the_file(folder):
    said = cafe("--iterations", "3", "--output", "q.npz", "--picture", "q.png").stdout.splitlines()
    assert said[1].split()[:4] == ["ip", "ip", "84", "46"]  # 18 bytes, 3 biases, 4 steps
    assert said[2] == "weights: 84 bytes before, 46 after (54.8 %)"
    assert load_quantized("q.npz").params["ip"][0].data.dtype == np.int8
    assert (folder / "q.png").read_bytes().startswith(b"\x89PNG")


def test_json():
    found = json.loads(cafe("--iterations", "3", "--output", "q.npz", "--json").stdout)
    assert found["bytes"] == 84
    assert 0 <= found["accuracy_8_bit"] <= 1
    assert found["layers"][0]["sqnr_db"] > 30
    assert set(found["kept"]) == {"accuracy"}


def test_an_error_of_nothing_is_null_in_json(folder):
    exact = NET.replace('type: "uniform" min: -1 max: 1', 'type: "constant" value: 1')
    exact = exact.replace('type: "gaussian" std: 0.5', 'type: "constant" value: 1')
    (folder / "net.prototxt").write_text(exact)
    Net("net.prototxt", "TEST").save("w.caffemodel")
    (layer,) = json.loads(cafe("--output", "q.npz", "--json", "--iterations", "1").stdout)["layers"]
    assert layer["sqnr_db"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--output", "q.caffemodel"], "cafe: expected an --output that ends in .npz, found q.caffemodel"),
        (["--output", "q.npz", "--iterations", "0"], "cafe: expected --iterations of 1 or more, found 0"),
        (["--output", "q.npz", "--skip", "fc"], "cafe: "),
    ],
)
def test_errors(words, message, folder):
    said = cafe(*words, status=1).stderr.strip().splitlines()[-1]
    assert said.startswith(message)
    assert not (folder / "q.npz").exists()


def test_a_net_that_wants_arrays_is_told_so(folder):
    text = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 6 } } }'
    (folder / "net.prototxt").write_text(text + NET[NET.index('layer { name: "ip"') : NET.index('layer { name: "acc')])
    said = cafe("--output", "q.npz", status=1).stderr.strip().splitlines()[-1]
    assert said == (
        "cafe: net.prototxt: expected a net that reads data by itself, found inputs x: give the train_test prototxt, "
        "or use cafe_edu.quantize from Python"
    )
