import pytest

from cafe_edu.data import models
from cafe_edu.data.sources import MODELS
from cafe_edu.errors import DataError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CAFE_EDU_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def calls(monkeypatch):
    calls = []
    monkeypatch.setattr(models, "download", lambda *args: calls.append(args))
    return calls


@pytest.mark.parametrize("name", models.NAMES)
def test_every_file_is_asked_for(home, calls, name):
    assert models.fetch(name, progress=False) == home / "models" / name
    expected = [(file.urls, home / "models" / name / file.name, file.checksum, False) for file in MODELS[name]]
    assert calls == expected
    assert any(path.suffix == ".caffemodel" for _, path, _, _ in calls)
    assert any(path.name == "deploy.prototxt" for _, path, _, _ in calls)


@pytest.mark.parametrize("below", ["squeezenet", "models/squeezenet"])
def test_ready_models_are_looked_for_first(tmp_path, calls, monkeypatch, below):
    folder = tmp_path / "ready" / below
    folder.mkdir(parents=True)
    monkeypatch.setenv("CAFE_EDU_DATA", str(tmp_path / "ready"))
    models.fetch("squeezenet")
    assert len(calls) == 2  # the folder is empty
    for file in MODELS["squeezenet"]:
        (folder / file.name).touch()
    assert models.fetch("squeezenet") == folder
    assert len(calls) == 2


def test_the_prototxts_are_those_of_caffes_repository(data_folder):
    import hashlib

    zoo = data_folder / "prototxt_zoo/BVLC__caffe/models"
    checked = 0
    for name, files in MODELS.items():
        for file in files:
            if name.startswith("bvlc_") and file.name.endswith(".prototxt"):
                assert hashlib.sha256((zoo / name / file.name).read_bytes()).hexdigest() == file.checksum
                checked += 1
    assert checked == 11


def test_an_unknown_model():
    with pytest.raises(DataError, match="no model 'vgg': there are bvlc_reference_caffenet, bvlc_alexnet, "):
        models.fetch("vgg")
