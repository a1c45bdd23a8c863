"""make.py sets up .venv once, says what it does, and passes on what a command says and returns."""

import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture
def make(tmp_path, monkeypatch):
    """The module make.py, with a folder of its own to work in and a pip that only writes down its orders."""
    spec = importlib.util.spec_from_file_location("make", ROOT / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    house = tmp_path / "house"
    shutil.copytree(ROOT / "requirements", house / "requirements")
    shutil.copy(ROOT / "pyproject.toml", house)
    monkeypatch.setattr(module, "ROOT", house)
    monkeypatch.setattr(module, "LOCKS", house / "requirements")
    monkeypatch.setattr(module, "VENV", house / ".venv")
    monkeypatch.setattr(module, "PYTHON", house / ".venv" / "python")
    return module


@pytest.fixture
def orders(make, monkeypatch):
    """What the set-up had run, in order, while `.venv` seems to work."""
    seen = []
    make.VENV.mkdir()
    make.PYTHON.touch()
    monkeypatch.setattr(make, "works", lambda command: True)
    monkeypatch.setattr(make, "quietly", lambda what, command, environment=None: seen.append(what))
    return seen


def test_makefile_and_make_py_have_the_same_tasks(make):
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert set(targets.split()) == set(make.TASKS)
    assert f".PHONY: {targets}" in text


def test_help_names_every_task(make, capsys):
    assert make.help([]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in make.TASKS)


def test_unknown_task():
    command = [sys.executable, "make.py", "tset"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("make.py: no task 'tset'; there are demo, lab, test")


def test_the_second_time_nothing_is_installed(make, orders):
    make.learner()
    assert len(orders) == 2
    assert orders[0].endswith(f"from {pathlib.Path('requirements/learner.txt')}")
    assert orders[1] == "Installing cafe_edu itself"
    make.learner()
    assert len(orders) == 2


def test_what_tests_need_is_enough_for_a_learner(make, orders):
    make.tester()
    make.learner()
    assert len(orders) == 2
    assert "and its tests" in orders[0]


def test_a_new_lock_is_installed(make, orders):
    make.learner()
    with open(make.LOCKS / "learner.txt", "a") as lock:
        lock.write("# newer\n")
    make.learner()
    assert len(orders) == 3


def test_a_venv_without_its_python_is_made_anew(make, orders, monkeypatch):
    make.learner()
    make.PYTHON.unlink()
    monkeypatch.setattr(make, "works", lambda command: command[0] != make.PYTHON)
    make.learner()
    assert orders[2] == "Making .venv"


def test_virtualenv_where_python_has_no_venv(make, orders, monkeypatch):
    monkeypatch.setattr(make, "works", lambda command: "pip" in command)
    make.make_venv()
    assert orders == ["Fetching virtualenv, as this Python has no venv module", "Making .venv"]


def test_neither_venv_nor_pip(make, monkeypatch):
    monkeypatch.setattr(make, "works", lambda command: False)
    message = r"has neither venv nor pip\. On Debian or Ubuntu: sudo apt install python3-venv"
    with pytest.raises(SystemExit, match=message):
        make.make_venv()


def test_an_old_python(make, monkeypatch):
    monkeypatch.setattr(make, "OLDEST", (4, 0))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = re.escape(sys.version.split()[0])
    message = rf"needs Python 4\.0 or newer, found {found} .*make PYTHON=/path/to/python3"
    with pytest.raises(SystemExit, match=message):
        make.new_enough_python()


def test_a_newer_python_on_the_path_is_used(make, monkeypatch):
    monkeypatch.setattr(make, "OLDEST", (4, 0))
    programs = {"python3.12": "/opt/python3.12", "python3.11": "/opt/python3.11"}
    monkeypatch.setattr(shutil, "which", programs.get)
    assert make.new_enough_python() == "/opt/python3.12"


def test_a_failing_command_says_why(make, capsys):
    command = [sys.executable, "-c", "print('no such package'); raise SystemExit(3)"]
    with pytest.raises(SystemExit, match="The lines above say why"):
        make.quietly("Installing a thing", command)
    out, err = capsys.readouterr()
    assert out == "Installing a thing ... failed\n"
    assert err.strip() == "no such package"


def test_a_command_that_works_is_one_line(make, capsys):
    make.quietly("Installing a thing", [sys.executable, "-c", "print('many words')"])
    assert re.fullmatch(r"Installing a thing \.\.\. \d+ s\n", capsys.readouterr().out)


def test_exit_status_is_passed_on(make):
    assert make.run([sys.executable, "-c", "raise SystemExit(2)"]) == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_ctrl_c_is_for_the_command(make):
    command = "import signal, sys\ntry:\n    print('ready', flush=True)\n    signal.pause()\n"
    command += "except KeyboardInterrupt:\n    print('saved')\n    sys.exit(7)"
    outer = f"import make, sys; sys.exit(make.run([sys.executable, '-c', {command!r}]))"
    process = subprocess.Popen(
        [sys.executable, "-c", outer], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read() == "saved\n"
    assert process.returncode == 7


def test_clean_leaves_the_readers_answers(make, capsys):
    for name in [".venv/bin", "my_work", "tests/__pycache__", ".pytest_cache", "cafe_edu"]:
        (make.ROOT / name).mkdir(parents=True)
    (make.ROOT / ".coverage").touch()
    assert make.clean([]) == 0
    assert sorted(path.name for path in make.ROOT.iterdir()) == [
        "cafe_edu", "my_work", "pyproject.toml", "requirements", "tests",
    ]  # fmt: skip
    assert "removed .venv" in capsys.readouterr().out


def test_lock_needs_uv(make, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="`lock` needs uv"):
        make.lock([])


@pytest.mark.skipif(os.name == "nt", reason=".ci/run is a shell script")
@pytest.mark.parametrize("with_shared", [True, False])
def test_ci_names_the_outside_folders_where_there_are_any(tmp_path, with_shared):
    clone = tmp_path / "clone"
    (clone / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", clone / ".ci")
    if with_shared:
        (tmp_path / "shared" / "data").mkdir(parents=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "make").write_text('#!/bin/sh\necho "$PWD make $*" "$CAFE_EDU_SHARED" "$CAFE_EDU_DATA"\n')
    (programs / "make").chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CAFE_EDU")}
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    command = [clone / ".ci" / "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    shared = str(tmp_path / "shared") if with_shared else ""
    data = str(tmp_path / "shared" / "data") if with_shared else ""
    assert done.stdout == f"{clone} make test {shared} {data}\n"
