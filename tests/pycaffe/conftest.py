import sys

import pytest


@pytest.fixture
def write(tmp_path):
    """Write a text to a file of that name and return its path, as old programs give it."""

    def write(text, name="net.prototxt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def no_caffe(monkeypatch):
    """Nothing is installed as `caffe`, now and afterwards."""
    names = [name for name in sys.modules if name.partition(".")[0] == "caffe"]
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "caffe"]:
        del sys.modules[name]
