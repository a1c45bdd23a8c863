"""A new day's files run as they are, and hold an exercise of nearly every kind."""

import importlib.util
import pathlib
import sys

import pytest

pytest.importorskip("jupytext", reason="jupytext comes with cafe_edu[author]")

from cafe_edu import course
from cafe_edu.course import build, days, new_day
from cafe_edu.errors import DataError

DAY = next(day for day in range(21, 0, -1) if day not in days.days())


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with one day that nobody has written yet, known to the course."""
    assert new_day.main([f"{DAY:02d}", "data_in", "--root", str(tmp_path)]) == 0
    monkeypatch.setattr(course, "__path__", [*course.__path__, str(tmp_path / "cafe_edu" / "course")])
    days.days.cache_clear()
    yield tmp_path
    sys.modules.pop(f"cafe_edu.course.day{DAY:02d}", None)  # or it would still be found
    days.days.cache_clear()


def test_its_exercises_know_right_from_wrong(root):
    exercises = days.exercises(DAY)
    assert [exercise.kind for exercise in exercises] == ["predict", "code", "derive", "explain", "hunt"]
    for exercise in exercises:
        verdict = exercise.judge(exercise.right_answer())
        assert verdict.passed, repr(verdict)
        assert len(exercise.mistakes) >= 4
        for mistake in exercise.mistakes:
            assert exercise.judge(exercise.wrong_answer(mistake)).mistake == mistake.name


@pytest.mark.slow
def test_its_notebooks_are_built(root, monkeypatch):
    [lesson, solutions, exercises] = build.pages(root)
    assert build.make(exercises).cells[3].source.startswith("# YOUR CODE HERE")
    assert len(build.make(solutions).cells) == 17
    build.build(lesson, root)
    assert (root / f"{lesson.name}.ipynb").exists()


@pytest.mark.parametrize(("day", "slug", "words"), [
    ("9", "data_in", "expected a day from 01 to 21, in two figures, found '9'"),
    ("22", "data_in", "expected a day from 01 to 21"),
    ("09", "Data in", "expected a name such as data_in"),
    (f"{DAY:02d}", "other", "is there already"),
])  # fmt: skip
def test_what_cannot_be(root, day, slug, words, capsys):
    before = sorted(root.rglob("*"))
    with pytest.raises(DataError) as caught:
        new_day.new_day(root, day, slug)
    assert words in str(caught.value)
    assert new_day.main([day, slug, "--root", str(root)]) == 1
    assert sorted(root.rglob("*")) == before


def test_the_templates_are_style_too():
    for path in new_day.TEMPLATES.iterdir():
        text = path.read_text(encoding="utf-8").replace("<DAY>", "09")
        assert max(map(len, text.split("\n"))) <= 120, path.name
        compile(text, path.name, "exec")
    assert importlib.util.find_spec("cafe_edu.course.new_day") is not None
    assert {path.name for path in pathlib.Path(new_day.TEMPLATES).iterdir()} == set(new_day.PLACES)
