"""parallel/world.py: alone or one of several, and what is said when that does not work out."""

import subprocess
import sys

import pytest

from cafe_edu.errors import DataError, ParallelError
from cafe_edu.parallel import world


@pytest.fixture(autouse=True)
def nobody_started_us(monkeypatch):
    for names in world.TOLD_BY:
        for name in names:
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("size", "rank"), world.TOLD_BY)
def test_it_is_told_by_the_environment(monkeypatch, size, rank):
    assert world.started() == (0, 1)
    monkeypatch.setenv(size, "4")
    assert world.started() == (0, 1)
    monkeypatch.setenv(rank, "2")
    assert world.started() == (2, 4)


def test_alone_nothing_is_imported():
    code = """
import sys
from click.testing import CliRunner
from cafe_edu.cli import main
print(CliRunner().invoke(main, ["train", "--solver", "missing.prototxt"]).exit_code)
print([name for name in sys.modules if "mpi4py" in name or name.startswith("cafe_edu.parallel.")])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["1", "['cafe_edu.parallel.world']"]


def test_without_mpi4py_rank_0_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "0")
    with pytest.raises(ParallelError, match=r"^2 processes were started together, and mpi4py, .* 'cafe_edu\[mpi\]'"):
        world.communicator()
    monkeypatch.setenv("PMI_RANK", "1")
    with pytest.raises(SystemExit):
        world.communicator()


def test_alone_errors_go_their_usual_way():
    with pytest.raises(DataError, match="why"), world.ending_together(None):
        raise DataError("why")


class Ranks:
    """What `ending_together` asks of its ranks, written down."""

    def __init__(self, rank):
        self.rank, self.asked = rank, []

    def fail(self, message):
        self.asked.append(("fail", message))

    def wait_for_the_end(self):
        self.asked.append("wait")

    def end(self, status):
        self.asked.append(("end", status))


@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_of_ours_is_one_line_of_rank_0_unless_that_is_deaf(capsys, rank):
    ranks = Ranks(rank)
    with world.ending_together(ranks):
        error = DataError("first\nsecond")
        error.add_note("in here")
        raise error
    told = ("fail", "first second; in here")
    assert ranks.asked == ([told, ("end", 1)] if rank == 0 else [told, "wait", ("end", 1)])
    assert capsys.readouterr().err == "cafe: first second; in here\n"


def test_a_fault_in_a_program_shows_where_it_happened(capsys):
    ranks = Ranks(1)
    with world.ending_together(ranks):
        _ = [][0]
    assert ranks.asked[0] == ("fail", "IndexError: list index out of range")
    assert "test_world.py" in capsys.readouterr().err


def test_a_file_is_named():
    assert world.in_one_line(FileNotFoundError(2, "No such file or directory", "a.txt")) == (
        "No such file or directory: a.txt"
    )
