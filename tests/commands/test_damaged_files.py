"""Damaged and foreign files: whatever a command is given, it ends with status 0, or with 1 and one line."""

import io

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cafe_edu import Net
from cafe_edu.cli import main
from cafe_edu.demo import ZOO

LOG = b"""\
I1122 01:38:11.000000  1 solver.py:143] Solving LeNet
I1122 01:38:12.000000  1 solver.py:251] Iteration 0 (0 iter/s, 0s/1 iters), loss = 2.5
I1122 01:38:12.000000  1 score.py:60]     Train net output #0: loss = 2.5 (* 1 = 2.5 loss)
I1122 01:38:12.000000  1 solver.py:253] Iteration 0, lr = 0.01
"""
COMMANDS = [
    "summarize net.prototxt",
    "summarize folder",
    "draw-net net.prototxt net.dot",
    "parse-log log tables",
    "parse-log folder tables",
    "plot-log 6 loss.png log",
    "convert-imageset in/ list.txt db1",
    "convert-imageset --encoded --gray in/ list.txt db2",
    "convert-imageset in/ folder db3",
    "compute-image-mean folder mean.binaryproto",
    "compute-image-mean log",
    "extract-features net.caffemodel net.prototxt ip1 db4 1 lmdb",
    "upgrade-net net.prototxt new.prototxt",
    "upgrade-net net.caffemodel new.caffemodel",
]


def spoil(content, rng):
    """Content cut short, replaced by chance bytes, or with some of its bytes changed."""
    kind = rng.integers(3)
    if kind == 0:
        return content[: rng.integers(len(content))]
    if kind == 1:
        return rng.bytes(rng.integers(300))
    changed = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 20)):
        changed[place] = rng.integers(256)
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_one_line_or_none(seed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(seed)
    lenet = ZOO / "lenet" / "lenet.prototxt"
    Net(lenet).save("net.caffemodel")
    png = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (9, 9), np.uint8)).save(png, "png")
    (tmp_path / "in").mkdir()
    (tmp_path / "folder").mkdir()
    for name, content in {
        "net.prototxt": lenet.read_bytes(),
        "log": LOG,
        "in/a.png": png.getvalue(),
        "list.txt": b"a.png 3\nb.png 4\n",
        "folder/data.mdb": bytes(8192),
        "net.caffemodel": (tmp_path / "net.caffemodel").read_bytes(),
    }.items():
        (tmp_path / name).write_bytes(spoil(content, rng))
    for words in COMMANDS:
        result = CliRunner().invoke(main, words.split(), catch_exceptions=False)
        said = [line for line in result.stderr.splitlines() if line.startswith("cafe: ")]
        assert (result.exit_code, len(said)) in ((0, 0), (1, 1)), words
        assert result.exit_code == 0 or result.stderr.splitlines()[-1] == said[0]
