"""An update of the course never touches what a reader wrote."""

import json
import sys

import nbformat
import pytest

from cafe_edu.course import workspace
from cafe_edu.errors import DataError


def write(path, *sources, outputs=()):
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    for cell in cells:
        cell.outputs = [nbformat.v4.new_output("stream", text=text) for text in outputs]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def first_source(path):
    return nbformat.read(path, as_version=4).cells[0].source


@pytest.fixture
def root(tmp_path):
    write(tmp_path / "lessons" / "00_start_here.ipynb", "'welcome'")
    write(tmp_path / "exercises" / "day06.ipynb", "answer = ...")
    write(tmp_path / "solutions" / "day06.ipynb", "answer = 42")
    return tmp_path


@pytest.fixture
def work(root):
    workspace.refresh(root, root / "my_work")
    return root / "my_work"


def test_first_time_everything_is_copied(root, work):
    for name in ("lessons/00_start_here.ipynb", "exercises/day06.ipynb", "solutions/day06.ipynb"):
        assert (work / name).read_bytes() == (root / name).read_bytes()
    assert workspace.refresh(root, work) == []


def test_an_unchanged_copy_is_updated(root, work):
    write(root / "exercises" / "day06.ipynb", "answer = ...  # new words")
    assert workspace.refresh(root, work) == []
    assert first_source(work / "exercises" / "day06.ipynb") == "answer = ...  # new words"
    assert not list(work.rglob("*.new*.ipynb"))


def test_a_copy_that_was_only_run_is_updated(root, work):
    write(work / "lessons" / "00_start_here.ipynb", "'welcome'", outputs=["welcome"])
    write(root / "lessons" / "00_start_here.ipynb", "'welcome back'")
    assert workspace.refresh(root, work) == []
    assert first_source(work / "lessons" / "00_start_here.ipynb") == "'welcome back'"


def test_a_changed_copy_is_kept_and_the_new_one_put_beside_it_once(root, work):
    mine = work / "exercises" / "day06.ipynb"
    write(mine, "answer = 41")
    assert workspace.refresh(root, work) == []  # nothing new yet: nothing to say
    write(root / "exercises" / "day06.ipynb", "answer = ...  # second version")
    assert workspace.refresh(root, work) == [
        "exercises/day06.ipynb: you changed it, so it stays; the new version is exercises/day06.new.ipynb"
    ]
    assert first_source(mine) == "answer = 41"
    assert first_source(work / "exercises" / "day06.new.ipynb") == "answer = ...  # second version"
    (work / "exercises" / "day06.new.ipynb").unlink()
    assert workspace.refresh(root, work) == []  # the reader has seen it and thrown it away
    assert not (work / "exercises" / "day06.new.ipynb").exists()


def test_a_changed_new_version_is_kept_too(root, work):
    write(work / "exercises" / "day06.ipynb", "answer = 41")
    write(root / "exercises" / "day06.ipynb", "second")
    workspace.refresh(root, work)
    write(work / "exercises" / "day06.new.ipynb", "second, with my answer")
    write(root / "exercises" / "day06.ipynb", "third")
    assert workspace.refresh(root, work)[0].endswith("the new version is exercises/day06.new2.ipynb")
    assert first_source(work / "exercises" / "day06.ipynb") == "answer = 41"
    assert first_source(work / "exercises" / "day06.new.ipynb") == "second, with my answer"
    assert first_source(work / "exercises" / "day06.new2.ipynb") == "third"


def test_an_unchanged_new_version_is_replaced(root, work):
    write(work / "exercises" / "day06.ipynb", "answer = 41")
    for version in ("second", "third"):
        write(root / "exercises" / "day06.ipynb", version)
        workspace.refresh(root, work)
    assert [path.name for path in work.rglob("*.new*.ipynb")] == ["day06.new.ipynb"]
    assert first_source(work / "exercises" / "day06.new.ipynb") == "third"


def test_a_deleted_copy_comes_back(root, work):
    (work / "exercises" / "day06.ipynb").unlink()
    workspace.refresh(root, work)
    assert (work / "exercises" / "day06.ipynb").exists()


@pytest.mark.parametrize("damage", [None, "", "[1, 2", "[1, 2]"])
def test_without_a_record_nothing_of_the_readers_is_lost(root, work, damage):
    record = work / workspace.RECORD
    record.unlink() if damage is None else record.write_text(damage)
    write(work / "exercises" / "day06.ipynb", "answer = 41")
    lines = workspace.refresh(root, work)
    assert len(lines) == 1
    assert first_source(work / "exercises" / "day06.ipynb") == "answer = 41"
    assert "exercises/day06.new.ipynb" in json.loads(record.read_text())


def test_a_notebook_that_is_none_any_more_is_kept(root, work):
    (work / "exercises" / "day06.ipynb").write_text("{ half a file")
    write(root / "exercises" / "day06.ipynb", "second")
    assert len(workspace.refresh(root, work)) == 1
    assert (work / "exercises" / "day06.ipynb").read_text() == "{ half a file"


def test_other_files_of_the_reader_are_left(root, work):
    (work / "exercises" / "notes.txt").write_text("mine")
    workspace.refresh(root, work)
    assert (work / "exercises" / "notes.txt").read_text() == "mine"


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected notebooks in .*lessons, found none"):
        workspace.refresh(tmp_path, tmp_path / "my_work")
    assert not (tmp_path / "my_work").exists()


def test_lab_starts_at_the_front_page_and_asks_nothing(root, monkeypatch, capsys):
    started = []

    def run(command, **options):
        started.append((command, options["env"]["PATH"]))
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(workspace.subprocess, "run", run)
    assert workspace.open_lab(root, ["--no-browser"]) == 0
    write(root / "my_work" / "exercises" / "day06.ipynb", "answer = 41")
    write(root / "exercises" / "day06.ipynb", "second")
    workspace.open_lab(root)
    (command, search), _ = started
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={(root / 'my_work').resolve()}" in command
    assert "--LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb" in command
    assert "--LabApp.news_url=None" in command
    assert command[-1] == "--no-browser"
    assert search.startswith(str(workspace.pathlib.Path(sys.executable).parent))
    assert "exercises/day06.new.ipynb" in capsys.readouterr().out
