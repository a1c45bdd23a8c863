import json

import pytest
from click.testing import CliRunner

from cafe_edu.cli import main
from cafe_edu.demo import ZOO

LENET = str(ZOO / "lenet" / "lenet.prototxt")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cafe(*words, status=0):
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def test_summary_of_lenet():
    lines = cafe("summarize", LENET).stdout.splitlines()
    assert lines[0] == "LeNet (TEST): 9 layers, 431,080 parameters, 2,293,000 multiply-adds an item"
    (conv2,) = [line for line in lines if line.startswith("conv2")]
    assert " ".join(conv2.split()) == (
        "conv2 Convolution pool1 conv2 64 x 50 x 8 x 8 50 x 20 x 5 x 5, 50 25,050 1,600,000"
    )


def test_summary_as_json():
    found = json.loads(cafe("summarize", LENET, "--json", "--shape", "data=1,1,28,28").stdout)
    assert (found["params"], found["multiply_adds"], found["items"]) == (431080, 2293000, 1)
    ip1 = next(layer for layer in found["layers"] if layer["name"] == "ip1")
    assert ip1 == {
        "name": "ip1", "type": "InnerProduct", "bottom": {"pool2": [1, 50, 4, 4]}, "top": {"ip1": [1, 500]},
        "param_shapes": [[500, 800], [500]], "params": 400500, "multiply_adds": 400000,
    }  # fmt: skip


def test_what_is_assumed_is_said(folder):
    layer = 'layer { name: "d" type: "Data" top: "x" data_param { source: "s" batch_size: 2 }'
    (folder / "net.prototxt").write_text(layer + " transform_param { crop_size: 9 } }")
    said = cafe("summarize", "net.prototxt").stdout.splitlines()[-1]
    assert said == ("(x is taken to be 2 x 3 x 9 x 9, the size of its crop in three channels; --shape says otherwise)")


@pytest.mark.parametrize("shape", ["data", "=1,2", "data=1,a", "data="])
def test_a_shape_that_is_none(shape):
    said = cafe("summarize", LENET, "--shape", shape, status=1).stderr
    assert said == f"cafe: expected a shape such as data=64,1,28,28, found {shape!r}\n"


@pytest.mark.parametrize("name", ["net.dot", "net.gv", "net.mmd", "net.svg", "net.png", "net.pdf"])
def test_drawing_by_ending(folder, name):
    if name[-3:] not in ("dot", ".gv", "mmd"):
        pytest.importorskip("grandalf")
    assert cafe("draw-net", LENET, name).stdout == f"{name} shows {LENET}\n"
    begins = {"net.dot": b"digraph", "net.gv": b"digraph", "net.mmd": b"flowchart TB", "net.svg": b"<?xml",
              "net.png": b"\x89PNG", "net.pdf": b"%PDF"}  # fmt: skip
    assert (folder / name).read_bytes().startswith(begins[name])


def test_drawing_options(folder):
    cafe("draw_net", LENET, "net.dot", "--rankdir", "TB", "--phase", "TEST", "--display_lrm")
    text = (folder / "net.dot").read_text()
    assert "rankdir=TB;" in text
    assert "lr_mult: 1, 2" in text


def test_an_unknown_ending(folder):
    said = cafe("draw-net", LENET, "net.jpg", status=1).stderr
    assert said == "cafe: expected a name that ends in .svg, .png, .pdf, .dot or .mmd, found net.jpg\n"
