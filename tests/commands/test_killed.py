"""kill -9 at any moment: what a command makes is there whole, or not at all; and the next run gets it done."""

import contextlib
import hashlib
import http.server
import multiprocessing
import os
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from cafe_edu import Net
from cafe_edu.cli import main
from cafe_edu.data import datasets
from cafe_edu.data.lmdb_db import LmdbReader
from cafe_edu.data.sources import File

KILLS = 50

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),  # pytest's own threads
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(words):
    """Run `cafe` in a process of its own, silently."""

    def child():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        main(words)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    return process


def kill_often(words, look):
    """Run a command to its end, then kill it at moments spread over that time; ``look(finished)`` after each."""
    begun = time.perf_counter()
    process = start(words)
    process.join()
    assert process.exitcode == 0
    seconds = time.perf_counter() - begun
    look(True)
    rng, killed = np.random.default_rng(0), 0
    for _ in range(KILLS):
        process = start(words)
        process.join(rng.uniform(0, seconds))
        process.kill()
        process.join()
        killed += process.exitcode == -9
        look(process.exitcode == 0)
    assert killed > KILLS / 4
    process = start(words)
    process.join()
    assert process.exitcode == 0
    look(True)


def visible(path="."):
    return {name for name in os.listdir(path) if not name.startswith(".")}


def test_convert_imageset(folder):
    (folder / "in").mkdir()
    rng, count = np.random.default_rng(0), 1500
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(f"in/{i}.png")
    (folder / "list.txt").write_text("".join(f"{i}.png {i % 10}\n" for i in range(count)))

    def look(finished):
        assert visible() - {"db"} == {"in", "list.txt"}
        if finished or os.path.exists("db"):
            with LmdbReader("db") as reader:
                assert sum(1 for _ in reader) == len(reader) == count
            for name in os.listdir("db"):
                os.remove(f"db/{name}")
            os.rmdir("db")

    kill_often(["convert-imageset", "--gray", "in/", "list.txt", "db"], look)


def test_extract_features(folder):
    (folder / "net.prototxt").write_text("""
    layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 100 dim: 20 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 8 } }
    """)
    Net("net.prototxt").save("net.caffemodel")
    words = ["extract-features", "net.caffemodel", "net.prototxt", "x,y", "xs,ys", "30", "lmdb"]

    def look(finished):
        assert visible() - {"xs", "ys"} == {"net.prototxt", "net.caffemodel"}
        assert not finished or visible() >= {"xs", "ys"}
        for name in visible() & {"xs", "ys"}:
            with LmdbReader(name) as reader:
                assert sum(1 for _ in reader) == len(reader) == 3000
            os.remove(f"{name}/data.mdb")
            os.rmdir(name)

    kill_often(words, look)


class Answer(http.server.BaseHTTPRequestHandler):
    """A mirror of one large file that can go on in the middle."""

    content = np.random.default_rng(0).bytes(1 << 24)
    asked = []

    def do_GET(self):
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self.asked.append(start)
        if start >= len(self.content):
            return self.send_error(416)
        self.send_response(206)
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked was killed
            self.wfile.write(self.content[start:])
        return None

    def log_message(self, *words):
        pass


def test_fetch(folder, monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CAFE_EDU_HOME", str(folder))
    monkeypatch.delenv("CAFE_EDU_DATA", raising=False)
    url, checksum = f"http://127.0.0.1:{server.server_port}/file.gz", hashlib.sha256(Answer.content).hexdigest()
    monkeypatch.setitem(datasets.SETS, "mnist", (File("file.gz", checksum, (url,)),))
    file, part = folder / "mnist/file.gz", folder / "mnist/file.gz.part"

    def look(finished):
        assert visible("mnist") <= {"file.gz", "file.gz.part"} if os.path.exists("mnist") else not finished
        if finished or file.exists():
            assert file.read_bytes() == Answer.content
            file.unlink()
            part.unlink(missing_ok=True)  # killed between putting the file in place and taking the part away
        elif part.exists():
            assert Answer.content.startswith(part.read_bytes())

    try:
        kill_often(["fetch", "mnist"], look)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert any(0 < first < len(Answer.content) for first in Answer.asked)  # some went on where another was killed
