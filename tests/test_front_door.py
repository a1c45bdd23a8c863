"""The package's front door opens at once, and everything it names is there."""

import subprocess
import sys

import pytest

import cafe_edu


def run(code):
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_opening_it_loads_nothing():
    assert run("import sys, cafe_edu; print('numpy' in sys.modules)") == "False"


def test_every_name_is_there_and_listed():
    for name in cafe_edu.__all__:
        assert getattr(cafe_edu, name).__doc__, name
        assert name in dir(cafe_edu)


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="module 'cafe_edu' has no attribute 'net_spec'; it has Blob, Layer, Net"):
        _ = cafe_edu.net_spec


def test_a_built_in_name_is_kept_whatever_is_loaded_first():
    code = """
from cafe_edu import Layer, register
try:
    @register("ReLU")
    class Mine(Layer): ...
except Exception as error:
    print(error)
"""
    assert run(code).startswith("layer type 'ReLU' is built in")


def test_a_layer_alone_finds_its_type():
    code = "from cafe_edu.testing import make_layer; print(make_layer('ReLU', [1.0, -1.0]).forward()[0])"
    assert run(code) == "[1. 0.]"
