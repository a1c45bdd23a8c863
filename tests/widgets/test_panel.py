"""What goes wrong in a callback is said in the widget, in one line."""

import ipywidgets
import pytest

from cafe_edu.errors import NetError
from cafe_edu.widgets.panel import Panel


@pytest.fixture
def slider():
    return ipywidgets.IntSlider()


def test_an_error_is_said_and_goes_away(slider):
    panel, seen = Panel(slider), []

    def callback():
        if slider.value == 1:
            error = NetError("no layer <b>; there are\n conv1")
            error.add_note("in net 'LeNet'")
            raise error
        seen.append(slider.value)

    panel.on_change(slider, callback)
    slider.value = 1
    assert "no layer &lt;b&gt;; there are conv1; in net &#x27;LeNet&#x27;<" in panel.message.value
    slider.value = 2
    assert panel.message.value == ""
    assert seen == [2]


def test_what_is_said_meanwhile_stays(slider):
    panel = Panel(slider)
    panel.on_change(slider, lambda: panel.say(f"from a thread: {slider.value}"))
    slider.value = 1
    assert "from a thread: 1" in panel.message.value
    slider.value = 2
    assert "from a thread: 2" in panel.message.value


def test_an_error_that_is_nobodys_is_said_with_its_name(slider):
    panel, button = Panel(slider), ipywidgets.Button()
    panel.on_click(button, lambda: 1 / 0)
    button.click()
    assert "ZeroDivisionError: division by zero" in panel.message.value


def test_closing_it_closes_its_parts(slider):
    inner = ipywidgets.HBox([slider])
    panel = Panel(inner)
    parts = (slider, inner, panel.message, panel)
    assert all(part.comm for part in parts)
    panel.close()
    assert not any(part.comm for part in parts)
