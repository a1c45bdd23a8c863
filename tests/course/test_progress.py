"""The progress file: where it lies, what it holds, what happens to a damaged one."""

import json
import pathlib

import pytest

from cafe_edu.course import progress
from cafe_edu.errors import DataError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path))
    return tmp_path


def test_nothing_known_at_first(home):
    assert progress.of("06.1") == {"attempts": 0, "passed": False, "hints": 0}
    assert list(home.iterdir()) == []  # asking writes nothing


def test_record_and_read_again(home):
    progress.record("06.1", attempts=1)
    progress.record("06.2", hints=2)
    progress.record("06.1", passed=True)
    assert progress.of("06.1") == {"attempts": 1, "passed": True, "hints": 0}
    assert progress.of("06.2")["hints"] == 2
    assert json.loads((home / "progress.json").read_text())["version"] == 1


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"version": 1}', '{"version": 1, "exercises": 3}'])
def test_a_damaged_file_is_named_and_left(home, content):
    (home / "progress.json").write_text(content)
    with pytest.raises(DataError, match=r"progress\.json: expected the course's progress as JSON; rename or delete"):
        progress.of("06.1")
    assert (home / "progress.json").read_text() == content


def test_a_later_version_is_not_misread(home):
    (home / "progress.json").write_text('{"version": 99, "exercises": {}}')
    with pytest.raises(DataError, match="expected version 1, found version 99"):
        progress.read()


def test_home_is_the_folder_the_reader_works_in(monkeypatch, tmp_path):
    monkeypatch.delenv("CAFE_EDU_HOME")
    inside = tmp_path / "my_work" / "exercises"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert progress.home() == tmp_path / "my_work"
    monkeypatch.chdir(tmp_path)
    assert progress.home() == pathlib.Path.home() / ".cafe_edu"
