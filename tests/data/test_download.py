import hashlib
import http.server
import threading

import pytest

from cafe_edu.data.download import download
from cafe_edu.errors import DataError

CONTENT = bytes(range(256)) * 800
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Mirror(http.server.ThreadingHTTPServer):
    """A mirror on this machine that may cut answers short, know no ranges, or lie."""

    daemon_threads = True

    def __init__(self, content=CONTENT, breaks_after=None, ranges=True):
        self.content, self.breaks_after, self.ranges = content, breaks_after, ranges
        self.asked = []
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/file.gz"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mirror = self.server
        mirror.asked.append(self.headers["Range"])
        if mirror.content is None:
            return self.send_error(404)
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if mirror.ranges else 0
        body = mirror.content[start:]
        if mirror.ranges and not body:
            return self.send_error(416)
        self.send_response(206 if mirror.ranges else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: mirror.breaks_after])
        return None

    def log_message(self, *words):
        pass


@pytest.fixture
def start(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = []

    def start(**how):
        mirror = Mirror(**how)
        thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((mirror, thread))
        return mirror

    yield start
    for mirror, thread in running:
        mirror.shutdown()
        thread.join()
        mirror.server_close()


@pytest.fixture
def nobody(start):
    """The address of a server that is no more."""
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{door.getsockname()[1]}/file.gz"


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole(start, tmp_path):
    path = download([start().url], tmp_path / "new" / "file.gz", SHA256)
    assert path.read_bytes() == CONTENT
    assert left(tmp_path / "new") == ["file.gz"]


def test_a_file_that_is_right_is_left_alone(start, tmp_path):
    (tmp_path / "file.gz").write_bytes(CONTENT)
    mirror = start()
    download([mirror.url], tmp_path / "file.gz", SHA256)
    assert mirror.asked == []


def test_a_damaged_file_is_replaced(start, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"damaged")
    assert download([start().url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT


def test_dead_mirrors_are_passed_over(start, nobody, tmp_path):
    empty = start(content=None)
    assert download([nobody, empty.url, start().url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT


def test_a_download_that_broke_off_goes_on(start, tmp_path):
    broken = start(breaks_after=70_000)
    with pytest.raises(DataError, match=r"could not download file.gz: .* did not answer, or broke off"):
        download([broken.url], tmp_path / "file.gz", SHA256)
    assert left(tmp_path) == ["file.gz.part"]
    have = (tmp_path / "file.gz.part").stat().st_size
    assert 0 < have <= 70_000
    whole = start()
    assert download([whole.url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT
    assert whole.asked == [f"bytes={have}-"]
    assert left(tmp_path) == ["file.gz"]


def test_another_mirror_goes_on_where_one_broke_off(start, tmp_path):
    broken, whole = start(breaks_after=70_000), start()
    assert download([broken.url, whole.url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT
    assert whole.asked[0] != "bytes=0-"


def test_a_mirror_that_knows_no_ranges_begins_again(start, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(CONTENT[:1000])
    assert download([start(ranges=False).url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT


def test_a_part_that_was_whole_already(start, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(CONTENT)
    assert download([start().url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT


def test_a_part_of_something_else_is_thrown_away(start, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(b"something else")
    mirror = start()
    assert download([mirror.url, mirror.url], tmp_path / "file.gz", SHA256).read_bytes() == CONTENT
    assert mirror.asked == ["bytes=14-", "bytes=0-"]


def test_a_wrong_checksum(start, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"what was there before")
    with pytest.raises(DataError, match=r"http://127.0.0.1:\d+/file.gz sent a file with a wrong checksum"):
        download([start(content=b"lies").url], tmp_path / "file.gz", SHA256)
    assert (tmp_path / "file.gz").read_bytes() == b"what was there before"
    assert left(tmp_path) == ["file.gz"]


def test_the_error_names_every_mirror_and_what_to_do(start, nobody, tmp_path):
    empty = start(content=None)
    with pytest.raises(DataError) as caught:
        download([nobody, empty.url], tmp_path / "file.gz", SHA256)
    assert str(caught.value) == (
        f"could not download file.gz: {nobody} did not answer, or broke off; "
        f"{empty.url} answered 404 Not Found. Check the network and try again: what has come so far is kept. "
        f"Or put the file there by other means: {tmp_path / 'file.gz'}, sha256 {SHA256}"
    )


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_checksums_of_several_kinds(start, tmp_path, kind):
    right = f"{kind}:{hashlib.new(kind, CONTENT).hexdigest()}"
    assert download([start().url], tmp_path / "file.gz", right).read_bytes() == CONTENT
    wrong = f"{kind}:{hashlib.new(kind, b'other').hexdigest()}"
    with pytest.raises(DataError, match=rf"sent a file with a wrong checksum.*, {kind} [0-9a-f]+$"):
        download([start().url], tmp_path / "other.gz", wrong)
    assert left(tmp_path) == ["file.gz"]


def test_the_progress_bar_counts_bytes(start, tmp_path, capsys):
    download([start().url], tmp_path / "file.gz", SHA256, progress=True)
    shown = capsys.readouterr().err
    assert "file.gz: 100%" in shown
    assert "205k/205k" in shown
