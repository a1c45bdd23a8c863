"""The widgets in a real browser: JupyterLab, Debian's Chromium, a mouse. Nothing may leave the machine."""

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse

import nbformat
import pytest

from cafe_edu import prototxt

playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with cafe_edu[browser]")

ROOT = pathlib.Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LIMIT = 110  # seconds, after which the server is killed, and so whatever waits for it ends
OTHERS = ["@jupyter/nbgrader", "jupyterlab-jupytext", "@jupyter-notebook/lab-extension"]  # not for learners: left out
NO_ERRORS = {}  # a part of a message that JupyterLab itself logs -> why it is none of ours

CELLS = [
    """
from cafe_edu import Net
from cafe_edu.data.digits import read_digits
from cafe_edu.demo import ZOO
from cafe_edu.solver import Solver
from cafe_edu.widgets import DrawDigit, LayerGallery, NetXray, TrainingPanel

net = Net(ZOO / "lenet" / "lenet.prototxt", weights="lenet.caffemodel")
_, _, x, y = read_digits()
NetXray(net, (x, y))
""",
    "DrawDigit(net)",
    "LayerGallery()",
    """
solver = Solver("solver.prototxt")
solver.net.layers[0].reset(x[:320] / 256, y[:320])
TrainingPanel(solver).add_class("test-training")
""",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, trained):
    """A JupyterLab of its own: the address of the notebook there, token and all."""
    folder = tmp_path_factory.mktemp("lab")
    work, config, settings = folder / "work", folder / "config", folder / "settings"
    for one in (work, config / "labconfig", settings / "@jupyterlab" / "apputils-extension"):
        one.mkdir(parents=True)
    trained.net.save(work / "lenet.caffemodel")
    prototxt.write(trained.spec, work / "solver.prototxt")
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}  # or Lab asks
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, work / "widgets.ipynb")
    left_out = {"disabledExtensions": dict.fromkeys(OTHERS, True)}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(left_out))
    (settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    port, token = free_port(), secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={work}", "--LabApp.expose_app_in_browser=True", "--ServerApp.open_browser=False",
    ]  # fmt: skip
    places = {name: str(folder / name.lower()) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    environment = os.environ | places | {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    server = subprocess.Popen(
        command, cwd=work, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    watch = threading.Timer(LIMIT, os.killpg, (server.pid, signal.SIGKILL))
    watch.start()
    drain = threading.Thread(target=server.stderr.read, daemon=True)  # or the server would wait for a reader
    try:
        said = []
        for line in server.stderr:  # ends where the server ends
            said.append(line)
            if "is running at" in line:
                break
        else:
            pytest.fail("JupyterLab did not start:\n" + "".join(said[-20:]))
        drain.start()
        yield f"http://127.0.0.1:{port}/lab?token={token}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # at this it ends its kernels first
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        watch.cancel()
        if drain.is_alive():
            drain.join()
        server.stderr.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def page(lab, tmp_path_factory):
    """The notebook, open and run. At the end: no request went elsewhere, no error was logged."""
    elsewhere, errors = [], []

    def watch(route):
        address = urllib.parse.urlsplit(route.request.url)
        if address.hostname == "127.0.0.1" or address.scheme in ("data", "blob"):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    with playwright.sync_playwright() as play:
        home = os.environ | {"HOME": str(tmp_path_factory.mktemp("home"))}  # or it writes to the user's
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], env=home)  # it may be root's
        context = browser.new_context(viewport={"width": 1400, "height": 2000})
        context.route("**/*", watch)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab)
        page.wait_for_function("window.jupyterapp")
        page.evaluate(RUN_ALL)
        yield page
        browser.close()
    assert elsewhere == []
    assert [error for error in errors if not any(known in error for known in NO_ERRORS)] == []


#: with a limit of its own, as a page that is asked to evaluate may think for ever
RUN_ALL = """() => Promise.race([new Promise((_, no) => setTimeout(no, 30000, "not run within 30 s")), (async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = await app.commands.execute("docmanager:open", {path: "widgets.ipynb", factory: "Notebook"});
    await panel.context.ready;
    await panel.sessionContext.ready;
    await app.commands.execute("notebook:run-all-cells");
})()])"""

#: what an <img> shows, as text: the bytes themselves, since every update has a new address
BYTES = """async image => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return bytes.length + ":" + Array.from(bytes).join(",");
}"""

CHANGED = """async ([selector, before]) => {
    const image = document.querySelector(selector);
    if (image === null) return false;
    return (await (%s)(image)) !== before;
}""" % BYTES  # noqa: UP031


def shown(page, selector):
    return page.eval_on_selector(selector, BYTES)


def changes(page, selector, action):
    """Do something, and wait until another picture is shown; then return it."""
    before = shown(page, selector)
    action()
    page.wait_for_function(CHANGED, arg=[selector, before])
    return shown(page, selector)


def says(page, selector, start):
    """Wait until an element's text starts so."""
    page.wait_for_function("([s, t]) => document.querySelector(s)?.innerText.startsWith(t)", arg=[selector, start])


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.mark.slow
@needs_browser
def test_a_slider_moved_by_key_shows_another_item(page):
    page.wait_for_selector(".cafe-net-xray-picture")
    assert "item 0, label" in page.inner_text(".cafe-net-xray-answer")
    handle = page.locator(".cafe-net-xray-item .noUi-handle")
    first = shown(page, ".cafe-net-xray-picture")
    changes(page, ".cafe-net-xray-picture", lambda: handle.press("ArrowRight"))
    says(page, ".cafe-net-xray-answer", "item 1, label")
    handle.press("ArrowLeft")
    says(page, ".cafe-net-xray-answer", "item 0, label")
    page.wait_for_function(f"async ([s, old]) => !await ({CHANGED})([s, old])", arg=[".cafe-net-xray-picture", first])


@pytest.mark.slow
@needs_browser
def test_a_layer_chosen_from_the_list_is_shown(page):
    layers = page.locator(".cafe-net-xray select").first
    changes(page, ".cafe-net-xray-picture", lambda: layers.select_option(index=3))
    page.wait_for_selector(".cafe-net-xray-picture[title='activations of layer conv2']")


@pytest.mark.slow
@needs_browser
def test_a_slider_bends_a_curve(page):
    handle = page.locator(".cafe-layer-gallery-sliders .noUi-handle").first
    changes(page, ".cafe-layer-gallery-curve", lambda: handle.press("ArrowRight"))


@pytest.mark.slow
@needs_browser
def test_the_training_panel_steps_and_trains(page):
    panel = page.locator(".test-training")
    changes(page, ".test-training img", lambda: panel.get_by_role("button", name="step").click())
    page.get_by_text("iteration 1 of 60").wait_for()
    panel.get_by_role("button", name="start").click()
    page.get_by_text("iteration 60 of 60").wait_for()


@pytest.mark.slow
@needs_browser
def test_a_digit_drawn_with_the_mouse_is_read(page):
    canvas = page.wait_for_selector(".cafe-pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def draw():
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
        page.mouse.up()

    changes(page, ".cafe-draw-digit-maps", draw)
    says(page, ".cafe-draw-digit-bars", "1, ")
    changes(page, ".cafe-draw-digit-maps", lambda: page.get_by_role("button", name="Clear").click())
    says(page, ".cafe-draw-digit-bars", "nothing is drawn yet")
    draw()
    says(page, ".cafe-draw-digit-bars", "1, ")
    canvas.press("Delete")
    says(page, ".cafe-draw-digit-bars", "nothing is drawn yet")
