"""The plain text and its twin in colour say the same."""

import html
import re

from cafe_edu.course.verdict import Verdict

WRONG = Verdict(
    "06.1",
    False,
    "read your `answer`",
    (("expected", "a < b"), ("yours", "a > b")),
    "turned round",
    "Which side is smaller?",
    'hint("06.1")',
)


def test_plain_text():
    assert repr(WRONG).split("\n") == [
        "06.1 not yet: read your `answer`",
        "    expected  a < b",
        "    yours     a > b",
        "turned round: Which side is smaller?",
        'next: hint("06.1")',
    ]
    assert repr(Verdict("06.1", True, "ran it")) == "06.1 passed: ran it"


def test_html_says_the_same():
    words = html.unescape(re.sub("<[^>]*>", " ", WRONG._repr_html_())).replace("turned round.", "turned round:")
    assert words.split() == repr(WRONG).replace("`", " ").split()
    assert "<code>answer</code>" in WRONG._repr_html_()


def test_html_escapes_what_the_reader_wrote():
    shown = Verdict("06.1", False, "ran", (("yours", "<script>"),))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
