"""The calendar: days, points, what is left."""

import html
import re

from cafe_edu.course import days
from cafe_edu.course.overview import Overview


def test_a_calendar():
    shown = repr(Overview({
        "06.1": {"passed": True, "attempts": 3}, "06.2": {"passed": False, "attempts": 1}, "06.3": {"skipped": True},
    }))  # fmt: skip
    assert re.search(r"^   6  The handwritten digits      #\.{9}   2 of 14  \+ o - \. \.$", shown, flags=re.M)
    assert "  21  New life                    no exercises yet" in shown
    assert shown.count("\n") == 21 + 3 + 1  # days, parts, and one line above and below


def test_all_done():
    overview = Overview({exercise.number: {"passed": True} for day in days.days() for exercise in days.exercises(day)})
    assert overview.left == []
    assert overview.total[0] == overview.total[1]
    assert repr(overview).endswith("all done")


def test_its_twin_in_colour_has_the_same_points():
    overview = Overview({"06.1": {"passed": True}})
    words = html.unescape(re.sub("<[^>]*>", " ", overview._repr_html_()))
    assert "2 of 14" in words
    assert all(title in words for title in days.TITLES)
    assert "<script" not in overview._repr_html_()
