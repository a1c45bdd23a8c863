"""check, hint and solution, as a reader types them."""

import pytest

from cafe_edu.course import check, checking, hint, progress_file, skip, solution
from cafe_edu.errors import CafeError

RIGHT = {"conv1": 1_216, "conv2": 4_640, "ip1": 115_300, "ip2": 1_010}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def in_notebook(**names):
    """Call check("06.1") where these are the names of the notebook."""
    namespace = {"check": check, **names}
    return eval('check("06.1")', namespace)


def test_check_finds_the_readers_object_by_name():
    assert in_notebook(parameters=RIGHT).passed
    assert progress_file.of("06.1") == {"attempts": 1, "passed": True, "hints": 0, "predicted": repr(RIGHT)}


def test_a_name_that_is_not_there():
    verdict = in_notebook()
    assert not verdict.passed
    assert "define `parameters` first" in repr(verdict)


def test_what_passed_once_stays_passed():
    in_notebook(parameters=RIGHT)
    in_notebook(parameters={})
    assert progress_file.of("06.1")["attempts"] == 2
    assert progress_file.of("06.1")["passed"]


def test_two_failing_checks_say_the_same():
    wrong = RIGHT | {"ip1": 115_200}
    in_notebook(parameters=wrong)
    assert repr(in_notebook(parameters=wrong)) == repr(in_notebook(parameters=wrong))


def test_the_first_prediction_is_kept_and_shown():
    assert in_notebook(parameters=RIGHT | {"ip1": 7}).notes == ()
    verdict = in_notebook(parameters=RIGHT)
    assert verdict.passed
    assert verdict.notes == (f"your first prediction was {RIGHT | {'ip1': 7}}",)


def test_a_prediction_that_was_none_is_not_counted():
    in_notebook(parameters={"conv1": 3})
    assert "predicted" not in progress_file.of("06.1")


def test_a_check_answers_where_progress_cannot_be_kept(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("CAFE_EDU_HOME", str(tmp_path / "taken"))
    verdict = in_notebook(parameters=RIGHT)
    assert verdict.passed
    assert verdict.notes[0].startswith("your progress was not kept: ")


def test_nbgrader_is_told_of_a_failure_by_an_error(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert in_notebook(parameters=RIGHT).passed
    with pytest.raises(checking.NotPassed, match=r"06\.1 not yet"):
        in_notebook(parameters={})


def test_hints_climb_three_rungs():
    said = [repr(hint("06.1")) for _ in range(4)]
    assert [text[:11] for text in said] == ["hint 1 of 3", "hint 2 of 3", "hint 3 of 3", "hint 3 of 3"]
    assert 'solution("06.1")' in said[2]
    assert said[2] == said[3]


def test_the_solution_opens_after_an_attempt():
    assert repr(solution("06.2")).startswith("try first")
    progress_file.record("06.2", attempts=1)
    assert repr(solution("06.2")).startswith("def read_log(text):")


def test_the_solution_shows_where_the_readers_own_differs():
    from cafe_edu.course.day06 import read_log

    progress_file.record("06.2", attempts=1)
    assert repr(eval('solution("06.2")', {"solution": solution, "read_log": read_log})).endswith(
        "Yours is the same, line by line."
    )


def test_skip_opens_the_solution():
    assert repr(skip("06.2")) == 'skipped 06.2; solution("06.2") is open. Next: 06.3'
    assert repr(skip("06.5")) == 'skipped 06.5; solution("06.5") is open.'
    assert repr(solution("06.2")).startswith("def read_log(text):")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("06.9", "no exercise '06.9': day 06 has 06.1, 06.2"),
        ("99.1", "no exercises for day '99'"),
        ("6.1", "no exercises for day '6': numbers are like \"06.1\""),
        ("", "no exercises for day ''"),
        (6.1, "no exercises for day '6'"),
    ],
)
def test_a_number_that_is_not_there(number, words):
    with pytest.raises(CafeError) as error:
        check(number)
    assert words in str(error.value)
