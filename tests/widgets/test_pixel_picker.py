"""widgets/pixel_picker.py, both halves: what the browser sends is the pixel under the pointer."""

import base64
import pathlib
import shutil

import pytest

from cafe_edu.drawing import new_picture
from cafe_edu.widgets import pixel_picker
from cafe_edu.widgets.canvas import png
from cafe_edu.widgets.pixel_picker import PixelPicker

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SOURCE = pathlib.Path(pixel_picker.__file__).with_name("pixel_picker.js")

# The widget's own JavaScript, with a model that keeps what it is told, as anywidget's does.
PAGE = """
<div id="here"></div>
<script type="module">
  const code = new TextDecoder().decode(Uint8Array.from(atob("CODE"), c => c.charCodeAt(0)));
  const widget = (await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })))).default;
  const bytes = Uint8Array.from(atob("PICTURE"), c => c.charCodeAt(0));
  const held = { at: [0, 0], picture: new DataView(bytes.buffer), place: PLACE, shape: [3, 4], text: "a grid" };
  const told = {};
  window.sent = [];
  window.held = held;
  window.told = told;
  const model = {
    get: name => held[name],
    set: (name, value) => { held[name] = value; },
    save_changes: () => window.sent.push(held.at),
    on: (event, f) => { told[event] = f; },
    off: event => { delete told[event]; },
  };
  window.leave = widget.render({ model, el: document.getElementById("here") });
  window.ready = true;
</script>
"""


@pytest.fixture(scope="module")
def shown():
    """A picker that shows a figure of 432 x 288 pixels, its grid of 3 x 4 in the right half."""
    figure = new_picture(6, 4, layout="none")
    axes = figure.add_axes((0.5, 0.25, 0.4, 0.5))
    picker = PixelPicker()
    picker.show(png(figure), axes, (3, 4), "a grid")
    yield picker
    picker.close()


def test_what_python_says(shown):
    assert shown.place == pytest.approx([0.5, 0.25, 0.4, 0.5])
    assert (shown.shape, shown.text) == ([3, 4], "a grid")
    assert shown.picture[1:4] == b"PNG"


@pytest.fixture
def page(shown):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with cafe_edu[browser]")
    code = base64.b64encode(SOURCE.read_bytes()).decode()
    html = PAGE.replace("CODE", code).replace("PICTURE", base64.b64encode(shown.picture).decode())
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_content(html.replace("PLACE", str(shown.place)))
        page.wait_for_function("window.ready && document.querySelector('img').complete")
        yield page
        assert not errors
        browser.close()


@pytest.mark.slow
def test_what_the_browser_says(page):
    box = page.locator("img").bounding_box()
    assert (box["width"], box["height"]) == (432, 288)

    def point(x, y):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    point(0.5 + 0.4 * 2.5 / 4, 0.25 + 0.5 * 1.5 / 3)  # the middle of row 1, column 2
    page.wait_for_function("window.sent.length == 1")
    assert page.evaluate("held.at") == [1, 2]
    point(0.1, 0.1)  # beside the grid: nothing is sent
    point(0.5 + 0.4 * 3.9 / 4, 0.25 + 0.5 * 2.9 / 3)
    page.wait_for_function("window.sent.length == 2")
    assert page.evaluate("held.at") == [2, 3]
    page.locator("img").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("String(held.at) == '1,2'")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # there is no column beyond
    page.wait_for_function("String(held.at) == '1,3'")
    assert page.locator("img").get_attribute("alt") == "a grid"
    before = page.locator("img").get_attribute("src")
    page.evaluate("told['change:picture']()")
    assert page.locator("img").get_attribute("src") != before
    page.evaluate("leave()")
    assert page.evaluate("Object.keys(told)") == []
