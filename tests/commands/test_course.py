"""`cafe progress` and `cafe course grade`."""

import json

import nbformat
import pytest
from click.testing import CliRunner

from cafe_edu.cli import main
from cafe_edu.course import progress_file


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path / "home"))


def cafe(*words):
    result = CliRunner().invoke(main, list(words), catch_exceptions=False, prog_name="cafe")
    return result.exit_code, result.stdout, result.stderr


def test_progress():
    progress_file.record("06.1", passed=True, attempts=1)
    status, shown, _ = cafe("progress")
    assert status == 0
    assert "   6  The handwritten digits" in shown
    found = json.loads(cafe("progress", "--json")[1])
    assert found["points"] == 2
    assert "06.1" not in found["left"]


def test_grade(tmp_path):
    folder = tmp_path / "handed_in"
    folder.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('check("06.1")')]), folder / "ada.ipynb")
    assert cafe("course", "grade", str(folder)) == (
        0,
        "file,06.1,06.2,06.3,06.4,06.5,total,remark\nada.ipynb,0,0,0,0,0,0,\n",
        "",
    )
    assert cafe("course", "grade", str(folder), "--out", str(tmp_path / "points.csv"))[:2] == (0, "ada.ipynb: 0\n")
    assert (tmp_path / "points.csv").read_text().startswith("file,06.1")


def test_a_folder_that_is_not_there(tmp_path):
    status, _, said = cafe("course", "grade", str(tmp_path / "nowhere"))
    assert status == 1
    assert "nowhere" in said
    status, _, said = cafe("course", "grade", str(tmp_path))
    assert status == 1
    assert said.startswith("cafe: no notebooks in")
    assert cafe("course", "grad")[0] == 1
