"""The pad: what Python draws is what is there, and its half in the browser is found."""

import pathlib
import shutil
import subprocess

import numpy as np
import pytest

import cafe_edu.widgets.pad
from cafe_edu.errors import DataError
from cafe_edu.widgets.pad import SIDE, Pad, stroke

SCRIPT = pathlib.Path(cafe_edu.widgets.pad.__file__).with_suffix(".js")


def test_what_is_drawn_is_there():
    pad, ink = Pad(), stroke([(0.2, 0.2), (0.8, 0.8)])
    pad.draw(ink)
    assert np.array_equal(pad.ink(), ink)
    pad.clear()
    assert not pad.ink().any()


def test_ink_of_any_size_and_darkness():
    pad = Pad()
    pad.draw([[0, 0.5], [0, 0]])
    ink = pad.ink()
    assert ink.shape == (SIDE, SIDE)
    assert ink.max() == 255
    assert ink[:70, 70:].mean() > 5 * ink[70:, :70].mean()


def test_a_stroke_is_as_wide_as_the_pen():
    ink = stroke([(0.1, 0.5), (0.9, 0.5)], side=200)
    assert ink[:, 100].sum() / 255 == pytest.approx(0.09 * 200, abs=1)
    assert not ink[:80].any()


def test_what_is_no_drawing_is_refused():
    pad = Pad()
    with pytest.raises(DataError, match=r"expected an array \(H, W\) of ink, 0 or more, .* \(1, 3, 3\)"):
        pad.draw(np.zeros((1, 3, 3)))
    with pytest.raises(DataError, match="0 or more"):
        pad.draw([[-1.0]])
    pad.pixels = b"abc"
    with pytest.raises(DataError, match="expected 140 x 140 pixels from the pad, found 3"):
        pad.ink()


def test_the_half_in_the_browser_is_a_plain_module_that_loads_nothing():
    source = SCRIPT.read_text(encoding="utf-8")
    assert "export default" in source
    assert "import " not in source
    assert "http" not in source
    assert Pad()._esm == source


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to read JavaScript with")
def test_the_half_in_the_browser_is_javascript():
    subprocess.run(["node", "--input-type=module", "--check"], input=SCRIPT.read_bytes(), check=True)
