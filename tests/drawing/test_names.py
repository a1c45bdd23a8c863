import subprocess
import sys

import pytest

import cafe_edu.drawing


def test_every_name_is_there():
    for name in cafe_edu.drawing.__all__:
        assert callable(getattr(cafe_edu.drawing, name))
    assert dir(cafe_edu.drawing) == cafe_edu.drawing.__all__


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'draw_cat'; there are draw_activation_histograms, "):
        cafe_edu.drawing.draw_cat  # noqa: B018


def test_what_is_not_asked_for_is_not_imported():
    code = "import sys, cafe_edu.drawing; print([x for x in ('matplotlib', 'PIL', 'grandalf') if x in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
