"""The widgets' names: loaded when used, and not before."""

import subprocess
import sys

import pytest

import cafe_edu.widgets


def test_no_widget_is_loaded_before_it_is_asked_for():
    code = "import sys, cafe_edu.widgets; print('ipywidgets' in sys.modules, 'matplotlib' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False False"


def test_a_wrong_name_is_told_the_right_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'NetXRay'; it has ConvExplorer, DrawDigit, .*NetXray"):
        _ = cafe_edu.widgets.NetXRay


def test_all_names_can_be_completed():
    assert set(cafe_edu.widgets.__all__) <= set(dir(cafe_edu.widgets))
