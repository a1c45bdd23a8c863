"""The demo: what `make demo` runs, whole."""

import re

import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net
from cafe_edu.caffemodel import read_state
from cafe_edu.demo import ZOO, demo


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return demo(tmp_path_factory.mktemp("demo"), progress=False)


@pytest.mark.slow
def test_it_learns(found):
    assert found["accuracy"] > 0.97


@pytest.mark.slow
def test_it_leaves_what_it_says(found):
    assert read_state(found["state"]).iter == 500
    net = Net(ZOO / "lenet" / "lenet.prototxt", weights=found["model"])
    assert net.forward(data=np.zeros((1, 1, 28, 28)))["prob"].sum() == pytest.approx(1)
    log = found["log"].read_text()
    assert re.search(r"Iteration 500, loss = ", log)
    assert f"accuracy = {found['accuracy']:g}" in log
    assert "Optimization Done." in log


@pytest.mark.slow
def test_its_picture_shows_something(found):
    with Image.open(found["picture"]) as file:
        pixels = np.asarray(file.convert("L"))
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 800
    quarters = [part for half in np.array_split(pixels, 2) for part in np.array_split(half, 3, axis=1)]
    assert all(part.std() > 10 for part in quarters)  # curve, filters, maps and answers: none is blank
