"""The progress file: where it lies, what it holds, and that nothing loses it."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from cafe_edu.course import progress_file
from cafe_edu.errors import DataError

AT_FIRST = {"attempts": 0, "passed": False, "hints": 0}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_nothing_known_at_first(home):
    assert progress_file.of("06.1") == AT_FIRST
    assert not home.exists()  # asking writes nothing


def test_record_and_read_again(home):
    progress_file.record("06.1", attempts=1)
    progress_file.record("06.2", hints=2)
    progress_file.record("06.1", passed=True)
    assert progress_file.of("06.1") == {"attempts": 1, "passed": True, "hints": 0}
    assert progress_file.of("06.2")["hints"] == 2
    assert json.loads((home / "progress.json").read_text())["version"] == 1
    assert json.loads((home / "progress.before.json").read_text())["exercises"]["06.1"]["passed"] is False


DAMAGED = [
    "",
    "not json",
    "[]",
    '{"version": 1}',
    '{"version": 1, "exercises": 3}',
    '{"version": 1, "exercises": {"06.1"',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_the_copy_takes_over_from_a_damaged_file(home, caplog, content):
    progress_file.record("06.1", passed=True)
    progress_file.record("06.2", attempts=1)
    (home / "progress.json").write_text(content)
    assert progress_file.of("06.1")["passed"]
    assert "progress.json: expected the course's progress as JSON; going on with progress.before.json" in caplog.text
    progress_file.record("06.3", hints=1)
    assert progress_file.of("06.1")["passed"]
    assert progress_file.of("06.3")["hints"] == 1
    assert (home / "progress.damaged.json").read_text() == content  # kept, for whoever can mend it


def test_a_lost_file_is_found_again_in_its_copy(home):
    progress_file.record("06.1", passed=True)
    progress_file.record("06.1", hints=1)
    (home / "progress.json").unlink()
    assert progress_file.of("06.1")["passed"]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_and_copy_are_named_and_left(home, content):
    home.mkdir()
    for name in ("progress.json", "progress.before.json"):
        (home / name).write_text(content)
    with pytest.raises(DataError, match=r"progress\.json: expected the course's progress as JSON; its copy"):
        progress_file.of("06.1")
    with pytest.raises(DataError, match="Rename or delete both to begin anew"):
        progress_file.record("06.1", hints=1)
    assert (home / "progress.json").read_text() == content


def test_a_later_version_is_not_misread(home):
    home.mkdir()
    (home / "progress.json").write_text('{"version": 99, "exercises": {}}')
    with pytest.raises(DataError, match="expected version 1, found version 99: update cafe_edu"):
        progress_file.read()
    with pytest.raises(DataError, match="version 99"):
        progress_file.record("06.1", hints=1)
    assert "99" in (home / "progress.json").read_text()


def test_home_is_the_folder_the_reader_works_in(monkeypatch, tmp_path):
    monkeypatch.delenv("CAFE_EDU_HOME")
    inside = tmp_path / "my_work" / "exercises"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert progress_file.home() == tmp_path / "my_work"
    monkeypatch.chdir(tmp_path)
    assert progress_file.home() == pathlib.Path.home() / ".cafe_edu"
    (tmp_path / "my_work" / "progress.json").write_text('{"version": 1, "exercises": {}}')
    assert progress_file.home() == tmp_path / "my_work"  # `cafe progress`, typed beside it


COUNT = """
from cafe_edu.course import progress_file
for _ in range(40):
    progress_file.update("06.1", lambda known: known | {"attempts": known["attempts"] + 1})
    progress_file.update(NAME, lambda known: known | {"attempts": known["attempts"] + 1})
"""


def test_two_notebooks_at_once_lose_nothing():
    programs = [
        subprocess.Popen([sys.executable, "-c", COUNT.replace("NAME", repr(name))]) for name in ("06.2", "06.3")
    ]
    assert [program.wait() for program in programs] == [0, 0]
    assert [progress_file.of(number)["attempts"] for number in ("06.1", "06.2", "06.3")] == [80, 40, 40]


WRITE = """
from cafe_edu.course import progress_file
while True:
    progress_file.update("06.1", lambda known: known | {"attempts": known["attempts"] + 1, "long": "x" * 100_000})
    print("once", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 there")
def test_killed_in_the_middle_nothing_is_lost():
    progress_file.record("06.2", passed=True)
    for done in (1, 4, 9):
        with subprocess.Popen([sys.executable, "-c", WRITE], stdout=subprocess.PIPE, text=True) as program:
            for _ in range(done):
                program.stdout.readline()
            program.send_signal(signal.SIGKILL)
        before = progress_file.of("06.1")["attempts"]
        assert before >= done
        assert progress_file.of("06.2")["passed"]
        progress_file.update("06.1", lambda known: known | {"attempts": known["attempts"] + 1})  # the lock is free
        assert progress_file.of("06.1")["attempts"] == before + 1
    progress_file.record("06.1", attempts=0)


FULL = """
import resource, signal
from cafe_edu.course import progress_file
from cafe_edu.errors import DataError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (LONG, LONG))  # no file may become longer
try:
    progress_file.record("06.2", hints=1)
except DataError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="no limit on the length of files there")
def test_on_a_full_disk_the_old_file_stays(home):
    progress_file.record("06.1", passed=True)
    before = (home / "progress.json").read_bytes()
    for long in (20, len(before)):  # no room for the copy; no room for the new file, which is longer
        program = FULL.replace("LONG", str(long))
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert "progress.json: could not be written (File too large); it is as it was before" in done.stdout
        assert (home / "progress.json").read_bytes() == before
    assert sorted(path.name for path in home.iterdir()) == ["progress.before.json", "progress.json", "progress.lock"]


def test_a_folder_that_cannot_be(home):
    home.write_text("a file of that name")
    with pytest.raises(DataError, match="could not be written"):
        progress_file.record("06.1", hints=1)
