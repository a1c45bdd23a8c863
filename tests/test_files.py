"""files.py: files are found, and written whole or not at all."""

import os
import pathlib
import stat
import subprocess
import sys

import pytest

from cafe_edu.errors import DataError
from cafe_edu.files import find, making, refuse_unwritable, replacing


def write_half(path):
    path.write_text("half")
    raise RuntimeError("cut off")


def test_the_file_appears_at_the_end_and_nothing_else_stays(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as new:
        new.write_text("one")
        assert new.name == "a.txt"  # its ending tells what is written
        assert not path.exists()
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_no_pattern_finds_it_before(tmp_path):
    with replacing(tmp_path / "a.caffemodel"):
        assert [*tmp_path.glob("*.caffemodel"), *tmp_path.glob("*.caffemodel*")] == []


def test_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old and longer")
    with replacing(path) as new:
        new.write_text("new")
        assert path.read_text() == "old and longer"
    assert path.read_text() == "new"


def test_an_error_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="cut off"), replacing(path) as new:
        write_half(new)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    code = (
        "import os, sys; from cafe_edu.files import replacing\n"
        "with replacing(sys.argv[1]) as new:\n"
        "    new.write_text('half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -9
    assert path.read_text() == "old"
    assert list(tmp_path.glob("*.txt")) == [path]


KILLED = (
    "import os, sys; from cafe_edu.files import replacing\n"
    "with replacing(sys.argv[1]) as new:\n"
    "    new.write_text('half'); os.kill(os.getpid(), 9)"
)


@pytest.mark.skipif(os.name == "nt", reason="folders are locked with Unix's flock")
def test_what_killed_processes_left_is_cleared_away(tmp_path):
    """By whoever writes anything there next: a file that was whole when its writer died is not written again."""
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    subprocess.run([sys.executable, "-c", KILLED, other])
    (tmp_path / ".c_txt.half-abcdefgh").mkdir()  # killed before there was a file in it, or when it had been moved
    assert len(list(tmp_path.glob(".b_txt.half-*"))) == 1
    with replacing(path) as new:
        assert [found.name for found in tmp_path.iterdir()] == [new.parent.name]
        new.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_elses_folder_is_cleared_away(tmp_path):
    names = (".a_txt.half-12345678", ".a_txt.half-87654321", ".a_txt.half-short", ".a_txt-abcdefgh", "a.half-abcdefgh")
    kept = [tmp_path / name for name in names]
    for folder in kept:
        folder.mkdir()
    (kept[0] / "a.txt").touch()
    (kept[0] / "more").touch()  # not made here
    (kept[1] / "b.txt").touch()  # nor this
    (tmp_path / ".a_txt.half-abcdefgh").touch()
    (tmp_path / ".b_txt.half-abcdefgh").symlink_to(kept[3])
    with replacing(tmp_path / "a.txt") as new:
        new.write_text("x")
    assert all(folder.is_dir() for folder in kept)
    assert (tmp_path / ".a_txt.half-abcdefgh").exists()
    assert (tmp_path / ".b_txt.half-abcdefgh").exists()


def test_two_writers_at_once_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as one:
        one.write_text("one")
        with replacing(path) as two:
            two.write_text("two")
        assert path.read_text() == "two"
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="folders are locked with Unix's flock")
def test_where_nothing_can_be_locked(tmp_path, monkeypatch):
    """Some network folders know no locks: files are written all the same, and nothing is cleared away."""

    def no_locks(descriptor, operation):
        raise OSError("no locks available")

    path = tmp_path / "a.txt"
    subprocess.run([sys.executable, "-c", KILLED, path])
    monkeypatch.setattr("cafe_edu.files.fcntl.flock", no_locks)
    with replacing(path) as new:
        new.write_text("x")
    assert path.read_text() == "x"
    assert len(list(tmp_path.glob(".a_txt.half-*"))) == 1


def test_folders_are_made(tmp_path):
    with replacing(tmp_path / "b" / "c" / "a.txt") as new:
        new.write_text("x")
    assert (tmp_path / "b" / "c" / "a.txt").read_text() == "x"


@pytest.mark.skipif(os.name == "nt", reason="rights are Unix's")
def test_others_may_read_it_as_usual(tmp_path):
    (tmp_path / "usual").touch()
    with replacing(tmp_path / "a.txt"):
        pass
    mode = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "a.txt")]
    assert mode[0] == mode[1]


def test_find_looks_here_first_then_beside(tmp_path, monkeypatch):
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here, beside):
        folder.mkdir()
        (folder / "both").touch()
    (beside / "one").touch()
    monkeypatch.chdir(here)
    assert find("both", beside) == pathlib.Path("both")
    assert find("one", beside) == beside / "one"
    assert find(beside / "one") == beside / "one"


def test_find_names_every_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        find("no.h5", "nets")
    assert (
        str(caught.value) == f"no such file: no.h5 (looked for {tmp_path / 'no.h5'} and {tmp_path / 'nets' / 'no.h5'})"
    )
    with pytest.raises(DataError) as caught:
        find(tmp_path / "no.h5", "nets")
    assert str(caught.value) == f"no such file: {tmp_path / 'no.h5'}"
    with pytest.raises(DataError) as caught:
        find("no.h5", tmp_path)  # two ways to say one place
    assert str(caught.value) == f"no such file: no.h5 (looked for {tmp_path / 'no.h5'})"


def test_a_name_that_cannot_be_one():
    with pytest.raises(DataError, match=r"cannot look for xxx.*: File name too long"):
        find("x" * 5000)


def test_a_folder_is_made_whole(tmp_path):
    with making(tmp_path / "deep/new") as folder:
        (folder / "a").write_text("one")
        assert not (tmp_path / "deep/new").exists()
    assert (tmp_path / "deep/new/a").read_text() == "one"
    assert os.listdir(tmp_path / "deep") == ["new"]


def test_a_folder_is_not_made_by_halves(tmp_path):
    with pytest.raises(RuntimeError, match="cut off"), making(tmp_path / "new") as folder:
        write_half(folder / "a")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_there_already_stays(tmp_path):
    words = "new is there already: delete it first, or choose another name"
    (tmp_path / "new").mkdir()
    with pytest.raises(DataError, match=words), making(tmp_path / "new"):
        pass
    (tmp_path / "new").rmdir()
    with pytest.raises(DataError, match=words), making(tmp_path / "new"):
        (tmp_path / "new").mkdir()  # somebody else was quicker
    assert os.listdir(tmp_path) == ["new"]


def test_what_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")
    says = {
        tmp_path: f"cannot write {tmp_path}: expected the name of a file, found a folder",
        tmp_path / "file" / "a" / "b": f"cannot write {tmp_path}/file/a/b: {tmp_path}/file is a file, not a folder",
    }
    for path, text in says.items():
        with pytest.raises(DataError) as caught, replacing(path):
            pass
        assert str(caught.value) == text
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs this may perhaps write anywhere
    with pytest.raises(DataError, match=f"cannot write {tmp_path}/a/b: no permission to write in {tmp_path}$"):
        refuse_unwritable(tmp_path / "a" / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
